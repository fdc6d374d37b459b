"""How good a classifier or a detector is, and how sure we are of that; no torch here.

Each file is one idea, named for it; `docs/metrics.md` has every definition and its source.
"""
