"""Which of a tracklet's detections one object cannot have made: two places at one time, or a leap between two times."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.sky.detections import ONE_EXPOSURE
from ml.sky.tangent_plane import separation

Array = NDArray[np.float64]
APART = 5.0  # σ between two places: once in 300,000 pairs by chance
FASTEST = 100.0  # deg/day: faster is only what passes about as near as the Moon
Pair = tuple[int, int]
"""Rows of two detections, in order."""


@dataclass(frozen=True)
class Leap:
    """Two detections, the degrees between them, and the rate that these would take, degrees per day."""

    rows: Pair
    degrees: float
    rate: float


def two_places(mjd: Array, directions: Array, errors: Array) -> Pair | None:
    """Return two detections at one time that are more than 5σ apart, the farthest of such; else None.

    Parameters
    ----------
    mjd
        (n,) days, finite; within one second is one time.
    directions
        (n, 3) unit vectors.
    errors
        (n,) of a position in each coordinate, arcsec.
    """
    one, other = _successive(mjd)
    sigma = separation(directions[one], directions[other]) / np.hypot(errors[one], errors[other])
    sigma[mjd[other] - mjd[one] > ONE_EXPOSURE] = 0.0
    return _pair(one, other, int(sigma.argmax())) if (sigma > APART).any() else None


def leap(mjd: Array, directions: Array) -> Leap | None:
    """Return the fastest step from one detection to the next in time, if it is faster than `FASTEST`; else None.

    Parameters
    ----------
    mjd
        (n,) days, finite; within one second nothing moves.
    directions
        (n, 3) unit vectors.
    """
    one, other = _successive(mjd)
    days = mjd[other] - mjd[one]
    degrees = separation(directions[one], directions[other]) / 3600
    rate = np.where(days > ONE_EXPOSURE, degrees / np.maximum(days, ONE_EXPOSURE), 0.0)
    if not (rate > FASTEST).any():
        return None
    at = int(rate.argmax())
    return Leap(_pair(one, other, at), float(degrees[at]), float(rate[at]))


def _successive(mjd: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows (n - 1,) of each detection and of the next in time."""
    order = np.argsort(mjd, kind="stable")
    return order[:-1], order[1:]


def _pair(one: NDArray[np.intp], other: NDArray[np.intp], at: int) -> Pair:
    first, second = sorted((int(one[at]), int(other[at])))
    return first, second
