"""Training sets: labels collected into immutable snapshots for training runs."""
