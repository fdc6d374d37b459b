"""A track's path: a cubic B-spline through its centroids."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline, make_lsq_spline

DEGREE = 3
PER_KNOT = 20  # detections per inner knot
MOST_KNOTS = 6
ROUNDS = 3  # iterations of reweighting outliers
OUTLYING = 0.7  # distance from the path, in pixels, at which a centroid has half weight
Array = NDArray[Any]


@dataclass(frozen=True)
class Path:
    """A spline over frames first … last: `at` in pixels and `velocity` in pixels per frame."""

    spline: BSpline
    first: float
    last: float

    def at(self, frame: Array | float) -> NDArray[np.float64]:
        """Return positions (…, 2), x and y, in frames within first … last."""
        return np.asarray(self.spline(frame), dtype=np.float64)

    def velocity(self, frame: Array | float) -> NDArray[np.float64]:
        """Return velocities (…, 2) in pixels per frame."""
        return np.asarray(self.spline.derivative()(frame), dtype=np.float64)

    @property
    def middle(self) -> float:
        """Return the frame halfway."""
        return (self.first + self.last) / 2


def fit_spline(frame: Array, x: Array, y: Array, weight: Array | None = None) -> Path:
    """Fit a cubic B-spline by weighted least squares (Powell et al., section VII).

    It has no inner knot below 20 centroids and one more for each 20, at their quantiles. Outliers of much more than 0.7
    pixels are downweighted (Cauchy weights), since two objects that meet share a centroid.

    Raises ValueError for fewer than four centroids, or frames that are not ascending.

    Parameters
    ----------
    frame
        (n,) ascending, each once; n is 4 or more.
    x, y
        (n,) pixels.
    weight
        (n,) above 0, such as the probability; equal if None.
    """
    frame, places = np.asarray(frame, dtype=np.float64), np.stack([x, y], axis=1).astype(np.float64)
    if len(frame) <= DEGREE or (np.diff(frame) <= 0).any():
        raise ValueError(f"A path needs {DEGREE + 1} centroids or more, in frames that ascend.")
    weights = np.ones(len(frame)) if weight is None else np.asarray(weight, dtype=np.float64)
    inner = np.quantile(frame, np.linspace(0, 1, min(MOST_KNOTS, len(frame) // PER_KNOT) + 2)[1:-1])
    knots = np.r_[[frame[0]] * (DEGREE + 1), inner, [frame[-1]] * (DEGREE + 1)]
    cauchy = np.ones(len(frame))
    for _ in range(ROUNDS):
        # scipy squares the weights.
        spline = make_lsq_spline(frame, places, knots, k=DEGREE, w=np.sqrt(weights * cauchy))
        off = np.hypot(*(places - spline(frame)).T)
        cauchy = 1 / (1 + (off / OUTLYING) ** 2)
    return Path(spline, float(frame[0]), float(frame[-1]))
