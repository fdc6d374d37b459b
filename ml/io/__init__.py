"""Readers for subjects: manifests, alert packets, FITS, TESS, PNG, JPEG and npy. No torch, no Django.

Rows count from the bottom: row 0 of every block is the southern or lower edge, as in FITS. PNG and JPEG files, whose
first row is the top, are flipped when they are read, and renderers (:mod:`ml.imaging.png`,
:mod:`ml.imaging.browser_encoding`) flip them back.
"""
