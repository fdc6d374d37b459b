"""Skies and maps for the trail tests."""

import numpy as np

from ml.imaging.polyline import even, length_of
from ml.trails.annotation import CLASSES, TRAIL, Annotation
from ml.trails.maps import Maps
from ml.trails.synthetic_trails import lay
from ml.trails.target_masks import paint_targets


def line(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y1]], dtype=float)


def arc_of(centre, radius, opening, start=0.0, points=60):
    """Return a circular arc: opening and start in radians."""
    angle = start + np.linspace(0, opening, points)
    return np.asarray(centre) + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def noisy(shape, *lines, snr=8.0, sigma=1.0, seed=0, level=1000.0, noise=20.0):
    """Return an image in counts, with lines of so many σ on their ridges."""
    image = np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    for curve in lines:
        lay(image, np.asarray(curve), snr, sigma)
    return level + noise * image


def true_maps(annotations, shape):
    """Return the maps of a perfect network."""
    target = paint_targets(annotations, shape)
    probabilities = np.full((1 + len(CLASSES), *target.label.shape), 0.01, dtype=np.float32)
    np.put_along_axis(probabilities, target.label[None].astype(int), 0.95, axis=0)
    return Maps(probabilities, target.line[:2], target.line[2])


def trail(curve, **more):
    return Annotation(TRAIL, np.asarray(curve, dtype=float), **more)


def apart(curve, other):
    """Return the largest distance of a curve's points from another, finely sampled."""
    fine = even(other, int(6 * length_of(other)) + 2)
    return np.linalg.norm(curve[:, None] - fine, axis=2).min(1).max()
