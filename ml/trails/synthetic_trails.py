"""Synthetic trails and arcs, drawn into images as training data."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from ml.imaging.polyline import even, length_of
from ml.trails.annotation import TRAIL, Annotation
from ml.trails.target_masks import nearest

FAINTEST, BRIGHTEST = 1.5, 30.0  # S/N per pixel
SHARP, WIDE = (0.85, 1.0), 2.6  # sigma across in pixels: Hubble's, and the widest of ground-based telescopes
WIDER = 0.25  # fraction of trails wider than Hubble's
SHORTEST, LONGEST = 15.0, 240.0
ARC_RADIUS, ARC_LENGTH = (100.0, 500.0), (30.0, 140.0)  # pixels
ARC_SIGMA = (1.1, 1.6)
CLUMPS, CLUMPINESS = 9, 0.6  # along an arc, and the scatter of their log brightness
Array = NDArray[Any]


def random_curve(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    """Return a curve (33, 2) through a square of a given size: straight, an arc, or an S."""
    length = np.exp(rng.uniform(np.log(SHORTEST), np.log(LONGEST)))
    at = np.linspace(-1, 1, 33)
    bend = rng.normal(0, 0.04) * (1 - at**2) + rng.normal(0, 0.015) * (at**3 - at)
    angle = rng.uniform(0, 2 * np.pi)
    along, left = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    return rng.uniform(0.1, 0.9, 2) * side + length * (at[:, None] / 2 * along + bend[:, None] * left)


def add_line(noise_units: NDArray[np.float32], curve: Array, rng: np.random.Generator) -> Annotation:
    """Draw an asteroid trail into an image (H, W) in units of its noise, in place, and return its annotation.

    `curve` (P, 2) is in pixels (x, y). The S/N per pixel is log-uniform from 1.5 to 30, Gaussian across, and varies
    along by up to a sixth. The part outside the image is not annotated; NaN stays NaN.
    """
    snr = float(np.exp(rng.uniform(np.log(FAINTEST), np.log(BRIGHTEST))))
    sigma = rng.uniform(*SHARP)
    if rng.random() < WIDER:
        sigma = float(np.exp(rng.uniform(np.log(SHARP[1]), np.log(WIDE))))
    wave = rng.uniform(0, 0.15) * np.sin(rng.uniform(0, 2 * np.pi) + np.linspace(0, 2 * np.pi, len(curve)))
    lay(noise_units, curve, snr * (1 + wave), sigma)
    return Annotation(TRAIL, _visible(curve, noise_units.shape), width=max(5.0, 4 * sigma), snr=snr)


def add_arc(noise_units: NDArray[np.float32], rng: np.random.Generator) -> Annotation:
    """Draw a cluster arc into an image (H, W) in units of its noise, in place, and return its annotation.

    As thin and nearly as straight as a trail, but clumpy, and fading at its ends. The S/N per pixel of its brightest
    part is log-uniform from 1.5 to 30.
    """
    radius, length, start = rng.uniform(*ARC_RADIUS), rng.uniform(*ARC_LENGTH), rng.uniform(0, 2 * np.pi)
    angle = start + np.linspace(-0.5, 0.5, 33) * length / radius
    ring = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    curve = ring - ring[16] + rng.uniform(0.1, 0.9, 2) * noise_units.shape[::-1]
    at = np.linspace(0, 1, len(curve))
    clumps = np.exp(np.interp(at, np.linspace(0, 1, CLUMPS), rng.normal(0, CLUMPINESS, CLUMPS)))
    light = clumps * (at * (1 - at)) ** 0.3
    snr = float(np.exp(rng.uniform(np.log(FAINTEST), np.log(BRIGHTEST))))
    lay(noise_units, curve, snr * light / light.max(), rng.uniform(*ARC_SIGMA))
    return Annotation("ARC", _visible(curve, noise_units.shape), snr=snr)


def _visible(curve: Array, shape: tuple[int, ...]) -> Array:
    """Return the part of a curve inside an image (H, W); its first step if that is less than two points."""
    inside = ((curve >= 0) & (curve <= (shape[1] - 1, shape[0] - 1))).all(1)
    return curve[inside] if inside.sum() >= 2 else curve[:2]


def lay(noise_units: NDArray[np.float32], curve: Array, snr: float | Array, sigma: float) -> None:
    """Add a line with a Gaussian profile to an image, in place.

    Parameters
    ----------
    noise_units
        (H, W).
    curve
        (k, 2) pixels.
    snr
        S/N per pixel on its ridge: one number, or (m,) evenly spaced along the chord.
    sigma
        Pixels across.
    """
    rows, columns = np.nonzero(_near(curve, noise_units.shape, 4 * sigma))
    if not len(rows):
        return
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    chord = curve[-1] - curve[0]
    light = np.atleast_1d(snr)
    at = (points - curve[0]) @ chord / max(chord @ chord, 1e-9)
    bright = np.interp(at, np.linspace(0, 1, len(light)), light)
    distance = nearest(points, curve)[0]
    noise_units[rows, columns] += (bright * np.exp(-0.5 * (distance / sigma) ** 2)).astype(np.float32)


def _near(curve: Array, shape: tuple[int, ...], reach: float) -> NDArray[np.bool_]:
    """Return a superset of the pixels within `reach` of a curve, to limit the computation of distances."""
    path = np.rint(even(curve, int(length_of(curve)) + 2)).astype(np.intp)
    inside = ((path >= 0) & (path < (shape[1], shape[0]))).all(1)
    mark = np.zeros(shape, dtype=np.uint8)
    mark[path[inside, 1], path[inside, 0]] = 1
    return maximum_filter(mark, 2 * int(np.ceil(reach)) + 1).astype(bool)
