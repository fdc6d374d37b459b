"""A detected trail, as it is reported."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.imaging.polyline import box as box_around
from ml.imaging.polyline import length_of, sagitta
from ml.trails.annotation import CLASSES

LEAST_BOX = 6.0  # minimum width of a box in pixels


@dataclass(frozen=True)
class Trail:
    """One detected trail.

    Attributes
    ----------
    score
        0..1, the probability of an asteroid trail.
    label
        Likeliest of `CLASSES`.
    probabilities
        (5,) probability of each class; they sum to 1 minus the probability of nothing.
    curve
        (17, 2) x and y along it in pixels, (0, 0) in the centre of the first.
    box
        (4,) x0, y0, x1, y1 around it, clipped to the image.
    width, snr
        Full width at half of its ridge in pixels, and S/N per pixel of its ridge.
    """

    score: float
    label: str
    probabilities: NDArray[np.float64]
    curve: NDArray[np.float64]
    box: NDArray[np.float64]
    width: float
    snr: float

    @property
    def line(self) -> NDArray[np.float64]:
        """Return the two ends as (4,): x0, y0, x1, y1."""
        return np.concatenate([self.curve[0], self.curve[-1]])

    def as_json(self) -> dict[str, Any]:
        """Return it as values for JSON and Parquet."""
        return {
            "score": float(self.score),
            "class": self.label,
            "box": self.box.round(2).tolist(),
            "line": self.curve[[0, -1]].round(2).tolist(),
            "curve": self.curve.round(2).tolist(),
            "length": round(length_of(self.curve), 2),
            "bend": round(sagitta(self.curve), 2),
            "width": round(self.width, 2),
            "snr": round(self.snr, 3),
            **{f"p_{name}": float(p) for name, p in zip(CLASSES, self.probabilities, strict=True)},
        }


def trail_of(
    curve: NDArray[np.float64], probabilities: NDArray[np.float64], width: float, snr: float, shape: Any
) -> Trail:
    """Return the trail of a curve (17, 2) with probabilities (6,) of sky and classes, in an image of `shape` (H, W)."""
    around = box_around(curve, max(width, LEAST_BOX), shape)
    label = CLASSES[int(probabilities[1:].argmax())]
    return Trail(
        float(probabilities[1]), label, np.asarray(probabilities[1:], dtype=np.float64), curve, around, width, snr
    )
