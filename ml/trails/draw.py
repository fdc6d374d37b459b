"""Draw trails into images: more of them than the labels hold, and of any sharpness."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from ml.trails.curve import even, length_of
from ml.trails.paint import nearest
from ml.trails.thing import TRAIL, Thing

FAINTEST, BRIGHTEST = 1.5, 30.0  # S/N per pixel
SHARP, WIDE = (0.85, 1.0), 2.6  # sigma across in pixels: Hubble's, and the widest of a telescope on the ground
WIDER = 0.25  # share of trails that are wider than Hubble's
SHORTEST, LONGEST = 15.0, 240.0
Array = NDArray[Any]


def random_curve(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    """Return a curve (33, 2) through a square of so many pixels: straight, an arc, or an S."""
    length = np.exp(rng.uniform(np.log(SHORTEST), np.log(LONGEST)))
    at = np.linspace(-1, 1, 33)
    bend = rng.normal(0, 0.04) * (1 - at**2) + rng.normal(0, 0.015) * (at**3 - at)
    angle = rng.uniform(0, 2 * np.pi)
    along, left = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    return rng.uniform(0.1, 0.9, 2) * side + length * (at[:, None] / 2 * along + bend[:, None] * left)


def add_line(noise_units: NDArray[np.float32], curve: Array, rng: np.random.Generator) -> Thing:
    """Draw an asteroid's trail into an image in units of its noise, in place, and tell of it.

    Its S/N per pixel is uniform in its logarithm from 1.5 to 30, a Gaussian across, and varies along by up to a sixth.
    What lies beyond the image is not told; NaN stays NaN.
    """
    snr = float(np.exp(rng.uniform(np.log(FAINTEST), np.log(BRIGHTEST))))
    sigma = rng.uniform(*SHARP)
    if rng.random() < WIDER:
        sigma = float(np.exp(rng.uniform(np.log(SHARP[1]), np.log(WIDE))))
    lay(noise_units, curve, snr, sigma, wave=rng.uniform(0, 0.15), phase=rng.uniform(0, 2 * np.pi))
    height, width = noise_units.shape
    inside = (curve >= 0).all(1) & (curve[:, 0] <= width - 1) & (curve[:, 1] <= height - 1)
    seen = curve[inside] if inside.sum() >= 2 else curve[:2]
    return Thing(TRAIL, seen, width=max(5.0, 4 * sigma), snr=snr)


def lay(
    noise_units: NDArray[np.float32], curve: Array, snr: float, sigma: float, *, wave: float = 0.0, phase: float = 0.0
) -> None:
    """Add a line with a Gaussian across to an image, in place: `snr` on its ridge, `sigma` pixels."""
    reach = 4 * sigma
    rows, columns = np.nonzero(_near(curve, noise_units.shape, reach))
    if not len(rows):
        return
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    length = max(length_of(curve), 1)
    distance, turn = nearest(points, curve)[0], points @ (curve[-1] - curve[0]) / length
    bright = snr * (1 + wave * np.sin(phase + turn * 2 * np.pi / length))
    noise_units[rows, columns] += (bright * np.exp(-0.5 * (distance / sigma) ** 2)).astype(np.float32)


def _near(curve: Array, shape: tuple[int, ...], reach: float) -> NDArray[np.bool_]:
    """Return the pixels that lie within `reach` of a curve, and some more: only for these distances are computed."""
    path = np.rint(even(curve, int(length_of(curve)) + 2)).astype(np.intp)
    inside = ((path >= 0) & (path < (shape[1], shape[0]))).all(1)
    mark = np.zeros(shape, dtype=np.uint8)
    mark[path[inside, 1], path[inside, 0]] = 1
    return maximum_filter(mark, 2 * int(np.ceil(reach)) + 1).astype(bool)
