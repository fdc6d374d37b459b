"""Detector maps: class probabilities, direction and offset of every cell of an image."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.models.trail import STRIDE


def one_plane(frame: NDArray[Any]) -> NDArray[Any]:
    """Return one plane (H, W) of a frame (C, H, W): the mean of its channels, NaN if any of them is."""
    return frame[0] if len(frame) == 1 else np.asarray(frame.mean(axis=0, dtype=np.float32))


HALF_CELL = (STRIDE - 1) / 2


@dataclass(frozen=True)
class Maps:
    """Maps of h × w cells of 4 × 4 pixels each.

    Attributes
    ----------
    probabilities
        (K, h, w) float32: probabilities of sky (number 0) and of each class; they sum to 1.
    direction
        (2, h, w) float32: cos 2θ and sin 2θ of the line through it, of any length.
    left
        (h, w) float32: offset of the ridge to the left of the direction from the cell's centre, in cells.
    """

    probabilities: NDArray[np.float32]
    direction: NDArray[np.float32]
    left: NDArray[np.float32]

    @classmethod
    def of(cls, planes: NDArray[np.float32]) -> "Maps":
        """Return the maps of a network's planes (K + 3, h, w)."""
        return cls(planes[:-3], planes[-3:-1], planes[-1])


@dataclass(frozen=True)
class Cells:
    """The foreground cells of an image.

    Attributes
    ----------
    place
        (n, 2) row and column of each.
    point
        (n, 2) x and y in pixels of the ridge in each.
    unit
        (n, 2) cos 2θ and sin 2θ, of length 1.
    probabilities
        (n, K).
    """

    place: NDArray[np.intp]
    point: NDArray[np.float64]
    unit: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.place)


def cells_of(maps: Maps, least: float) -> Cells:
    """Return the cells with a sky probability below 1 - `least`, with the ridge's position in each."""
    place = np.argwhere(maps.probabilities[0] <= 1 - least)
    rows, columns = place.T
    unit = maps.direction[:, rows, columns].T.astype(np.float64)
    unit /= np.maximum(np.hypot(*unit.T), 1e-6)[:, None]
    angle = 0.5 * np.arctan2(unit[:, 1], unit[:, 0])
    left = STRIDE * maps.left[rows, columns].astype(np.float64)
    middle = STRIDE * place[:, ::-1] + HALF_CELL
    point = middle + left[:, None] * np.stack([-np.sin(angle), np.cos(angle)], axis=1)
    return Cells(place, point, unit, maps.probabilities[:, rows, columns].T.astype(np.float64))
