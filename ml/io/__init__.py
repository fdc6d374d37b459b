"""Read subjects from the formats of the sky: manifests, alert packets, FITS, TESS, pictures. No torch, no Django.

Rows count from the bottom: row 0 of every block is the southern or lower edge, as FITS has it.
PNG and JPEG files, whose first row is the top, are turned over once, when they are read;
drawings (:mod:`ml.imaging.png`, :mod:`ml.imaging.browser_encoding`) turn them back, when they leave.
"""
