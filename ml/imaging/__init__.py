"""Image processing: background, noise normalisation, display stretches, WCS, browser encoding. No torch."""
