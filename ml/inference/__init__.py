"""Run a trained model: checkpoints, runtimes (OpenVINO, torch), features and scores."""
