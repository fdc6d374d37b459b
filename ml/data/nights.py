"""Assign times to observing nights."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST_GAP = 4 / 24
"""Minimum gap in the times of day, in days, to count as daylight."""


def nights_of(mjd: NDArray[np.float64]) -> NDArray[Any]:
    """Return the night of each time: the whole MJD, UT, in which it began.

    Parameters
    ----------
    mjd
        (N,) times of one survey, NaN where unknown.

    Returns
    -------
    NDArray
        (N,) str, "" for an unknown time. Nights are split at `day_break`.
    """
    known = np.isfinite(mjd)
    names = np.full(len(mjd), "", dtype=object)
    names[known] = np.floor(mjd[known] - day_break(mjd[known])).astype(int).astype(str)
    return names.astype(str)


def day_break(mjd: NDArray[np.float64]) -> float:
    """Return the time of day at which nights are split, as a fraction of a day after 0h UT.

    Parameters
    ----------
    mjd
        (N,) finite times.

    Returns
    -------
    float
        The middle of the largest gap in the times of day of all N. It is 0 (0h UT) if that lies in the gap, if the gap
        is shorter than `LEAST_GAP` (many sites, or a telescope in space), and without times.
    """
    if not len(mjd):
        return 0.0
    times = np.unique(mjd % 1)
    gaps = np.diff(times, append=times[0] + 1)
    longest = int(gaps.argmax())
    around_midnight = longest == len(times) - 1
    return 0.0 if around_midnight or gaps[longest] < LEAST_GAP else float(times[longest] + gaps[longest] / 2)
