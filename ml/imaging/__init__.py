"""Pixels as eyes and models want them: background, noise units, display stretches, WCS, encodings. No torch."""
