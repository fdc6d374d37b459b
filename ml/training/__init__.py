"""Training of stamp classifiers: presets, losses, schedules, heads on frozen features, and fine-tuning."""
