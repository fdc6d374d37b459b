"""The networks: stamps, tracklets, and the weights they start from."""
