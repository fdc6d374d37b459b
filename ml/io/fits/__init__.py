"""FITS images and headers; every claim of a header is checked against the file."""
