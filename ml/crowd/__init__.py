"""Crowd aggregation: majority, Dawid–Skene and its Bayesian kin, SWAP, tempering, and inter-annotator agreement."""
