"""TESS-like cubes with movers and masks."""
