"""Train, cross-validate and score a model by the name of its role (stamp, tracklet, trail, cube)."""
