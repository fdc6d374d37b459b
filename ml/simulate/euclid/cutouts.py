"""Euclid-like cutouts, sized as in the paper: the object plus 65 ± 5 pixels, resized to one shape."""

import numpy as np

from ml.simulate.euclid.detector import SKY_ELECTRONS
from ml.simulate.euclid.sources import electrons, psf

PADDING, PADDING_SPREAD = 65.0, 5.0
CANVAS = 224
"""Side of the field to cut stamps from: the longest trail at 80 arcsec per hour plus padding."""


def star_reach(mag: np.ndarray) -> np.ndarray:
    """Return the radius in pixels at which a star of AB magnitude `mag` falls below the sky noise."""
    profile = psf(CANVAS)[CANVAS // 2, CANVAS // 2 :]
    above = electrons(mag)[..., None] * profile > np.sqrt(SKY_ELECTRONS)
    return np.where(above.any(axis=-1), above.shape[-1] - np.argmax(above[..., ::-1], axis=-1), 1).astype(float)


def draw_sides(rng: np.random.Generator, extent: np.ndarray) -> np.ndarray:
    """Return the sides of the cutouts in pixels, (n,) int: the extent of each object plus padding."""
    side = np.rint(extent + rng.normal(PADDING, PADDING_SPREAD, len(extent))).astype(int)
    return np.clip(side, 32, CANVAS)


def cut(pixels: np.ndarray, side: np.ndarray, size: int) -> np.ndarray:
    """Cut out the centre of each stamp and resize it by area.

    Parameters
    ----------
    pixels : (n, dithers, canvas, canvas) array
    side : (n,) int array
        Side of each cutout, in pixels.
    size : int
        Side of the result.

    Returns
    -------
    (n, dithers, size, size) float32 array
        Means, so that the sky level is preserved.
    """
    canvas = pixels.shape[-1]
    stamps = np.empty((*pixels.shape[:2], size, size), np.float32)
    for row, width in enumerate(side):
        first = (canvas - width) // 2
        weights = shared_area(width, size)
        stamps[row] = weights @ pixels[row, :, first : first + width, first : first + width] @ weights.T
    return stamps


def shared_area(old: int, new: int) -> np.ndarray:
    """Return the fraction of each new pixel covered by each old one along one axis, (new, old); rows sum to 1."""
    edges = np.linspace(0, old, new + 1)
    low, high = edges[:-1, None], edges[1:, None]
    pixel = np.arange(old)
    overlap = np.clip(np.minimum(high, pixel + 1) - np.maximum(low, pixel), 0, None)
    return (overlap / overlap.sum(axis=1, keepdims=True)).astype(np.float32)
