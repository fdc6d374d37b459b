"""Metrics of classifiers and detectors, with intervals. No torch.

Each file is one idea, named for it; `docs/metrics.md` has every definition and its source.
"""
