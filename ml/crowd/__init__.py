"""Crowd aggregation: majority, Dawid–Skene, SWAP, and inter-annotator agreement."""
