"""Pixels: read them from the formats of the sky, keep them, stretch them and draw them. No torch, no Django.

Rows count from the bottom: row 0 of every block is the southern or lower edge, as FITS has it.
PNG and JPEG files, whose first row is the top, are turned over once, when they are read;
drawings (:mod:`ml.pixels.draw`, :mod:`ml.pixels.wire`) turn them back, when they leave.
"""
