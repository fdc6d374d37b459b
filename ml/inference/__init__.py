"""Inference: checkpoints, runtimes (OpenVINO, torch), feature extraction and scoring."""
