"""Which of a tracklet's detections one object cannot have made, such as two places at one time."""

import numpy as np
from numpy.typing import NDArray

from ml.sky.detections import ONE_EXPOSURE
from ml.sky.tangent_plane import separation

Array = NDArray[np.float64]
APART = 5.0  # σ between two places: once in 300,000 pairs by chance


def two_places(mjd: Array, directions: Array, errors: Array) -> tuple[int, int] | None:
    """Return the rows, in order, of two detections at one time that are more than 5σ apart, the farthest; else None.

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


def _successive(mjd: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows (n - 1,) of each detection and of the next in time."""
    order = np.argsort(mjd, kind="stable")
    return order[:-1], order[1:]


def _pair(one: NDArray[np.intp], other: NDArray[np.intp], at: int) -> tuple[int, int]:
    first, second = sorted((int(one[at]), int(other[at])))
    return first, second
