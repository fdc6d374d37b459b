"""Trails in large images: found by a trained network or by sums along lines, and traced."""
