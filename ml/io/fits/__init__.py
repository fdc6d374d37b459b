"""FITS images and headers, read with every claim checked against the file."""
