"""Ground truth of a cutout: boxes, end points and curves."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

CLASSES = ("ASTEROID", "SATELLITE", "ARC", "SPIKE", "COSMIC_RAY")
REAL = ("ASTEROID",)
POINTS = 17
HALF_WIDTH = 3.0


@dataclass
class Thing:
    """One object of a cutout.

    label : of `CLASSES`.
    curve : (k, 2) array of x and y along it in pixels, 0 in the centre of the first; all inside the cutout.
    width : half of the box's margin beside the curve, in pixels.
    numbers : other known values: snr (per pixel, on the ridge), mag, rate (arcsec per hour), distance (au).
    """

    label: str
    curve: np.ndarray
    width: float = HALF_WIDTH
    numbers: dict[str, float] = field(default_factory=dict)

    def told(self, size: int) -> dict[str, Any]:
        """Return the object as JSON-compatible values; see docs/simulations.md."""
        low = np.clip(self.curve.min(axis=0) - self.width, 0, size - 1)
        high = np.clip(self.curve.max(axis=0) + self.width, 0, size - 1)
        return {
            "class": self.label,
            "box": rounded([*low, *high]),
            "ends": [rounded(self.curve[0]), rounded(self.curve[-1])],
            "curve": [rounded(point) for point in self.curve],
            **{name: round(float(value), 2) for name, value in self.numbers.items()},
        }


def rounded(values: Any) -> list[float]:
    return [round(float(value), 1) + 0.0 for value in values]


def seen_part(x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Clip a densely sampled path to the cutout, and keep `POINTS` of it, evenly spaced.

    Parameters
    ----------
    x, y : (k,) array
        The path in pixels, in order of time.
    size : int
        Side of the cutout.

    Returns
    -------
    (POINTS, 2) array
        Empty (0, 2) if fewer than two samples are inside. A path that leaves and returns is kept whole.
    """
    inside = (x >= -0.5) & (x < size - 0.5) & (y >= -0.5) & (y < size - 0.5)
    if inside.sum() < 2:
        return np.empty((0, 2))
    x, y = x[inside], y[inside]
    length = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    at = np.linspace(0, length[-1], POINTS)
    return np.stack([np.interp(at, length, x), np.interp(at, length, y)], axis=1)
