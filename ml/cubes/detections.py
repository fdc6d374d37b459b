"""Detections in one frame: centroids of connected pixels above the threshold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FEWEST_VOXELS = 2
_WITHIN_FRAMES = np.zeros((3, 3, 3), bool)
_WITHIN_FRAMES[1] = True  # neighbours of a frame touch, corners too; frames do not touch each other


@dataclass(frozen=True)
class Detections:
    """n detections, in the order of their frames.

    Attributes
    ----------
    frame
        (n,) int, from 0.
    x, y
        (n,) centroids in pixels, from 0 in the centre of the first.
    peak
        (n,) highest probability.
    reach
        (n,) radius of the region in pixels: half of its longer side.
    """

    frame: NDArray[np.intp]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    peak: NDArray[np.float64]
    reach: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frame)


def detect(p: NDArray[np.float32], threshold: float) -> Detections:
    """Return the connected regions of at least two pixels at or above a threshold.

    The centroid is the mean position weighted by the probability (Powell et al., section VII).

    Parameters
    ----------
    p
        (T, Y, X), 0..1; NaN counts as empty.
    threshold
        Above 0.
    """
    above = p >= threshold
    labels, count = ndimage.label(above, structure=_WITHIN_FRAMES)
    t, y, x = np.nonzero(above)
    patch, weight = labels[above] - 1, p[above].astype(np.float64)
    mass = np.bincount(patch, weight, count)
    centre_x, centre_y = (np.bincount(patch, weight * place, count) / mass for place in (x, y))
    frame, peak, reach = np.zeros(count, np.intp), np.zeros(count), np.zeros(count)
    frame[patch] = t
    np.maximum.at(peak, patch, weight)
    np.maximum.at(reach, patch, np.maximum(np.abs(x - centre_x[patch]), np.abs(y - centre_y[patch])))
    kept = np.flatnonzero(np.bincount(patch, minlength=count) >= FEWEST_VOXELS)
    kept = kept[np.argsort(frame[kept], kind="stable")]
    return Detections(frame[kept], centre_x[kept], centre_y[kept], peak[kept], reach[kept])
