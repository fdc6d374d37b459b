"""Training sets: labels gathered into immutable snapshots that training runs read."""
