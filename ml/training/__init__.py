"""Train stamp classifiers: presets, losses, schedules, heads over frozen features, and fine-tuning."""
