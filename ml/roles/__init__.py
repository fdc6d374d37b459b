"""What each role of model (stamp, tracklet, trail, cube) does, by its name: train, cross-validate, score."""
