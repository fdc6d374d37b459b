"""Velocities of observers away from observatories, from their places at several times."""

import numpy as np
from numpy.typing import NDArray

from ml.io.mjd import DAY
from ml.sky.observatories import EARTH_ROTATION
from ml.sky.spacecraft_orbit import EARTH_RADIUS, GM_EARTH, LONGEST

Array = NDArray[np.float64]
SHORTEST = 10 / DAY  # days between two places; rounded times would spoil the velocity if it were less
WIDEST = 0.5  # radians of a circular orbit between two places: seven and a half minutes of Hubble's
AIR = 100.0  # km: below this height, an observer turns with the Earth


def velocities_of(mjd: Array, observatory: NDArray[np.str_], place: Array, given: Array) -> Array:
    """Return the geocentric velocities (N, 3) of observers, km/s, ICRF; NaN if unknown.

    Parameters
    ----------
    mjd
        (N,) UTC; NaN if unknown.
    observatory
        (N,) codes: rows of the same code are of one observer.
    place, given
        (N, 3) km from the Earth's centre and km/s, ICRF; NaN if unknown.

    Notes
    -----
    A given velocity counts. Any other follows from the place nearest in time of the same observer, in free fall around
    the Earth, if it is 10 seconds to 6 hours and less than half a radian of the orbit away. For Hubble's orbit, it is
    then within 1 % of the true one. Below 100 km, it is the velocity of the turning Earth.
    """
    found = np.full((len(mjd), 3), np.nan)
    placed = np.isfinite(place).all(1) & np.isfinite(mjd)
    ground = np.linalg.norm(place, axis=1) < EARTH_RADIUS + AIR
    for code in np.unique(observatory[placed]):
        rows = np.flatnonzero((observatory == code) & placed & ~ground)
        found[rows] = _between(mjd[rows], place[rows])
    found[ground] = np.cross(EARTH_ROTATION / DAY, place[ground])
    velocity: Array = np.where((np.isfinite(given).all(1) & placed)[:, None], given, found)
    return velocity


def _between(mjd: Array, place: Array) -> Array:
    """Return the velocities (N, 3) with which one observer falls from each place to its neighbour in time."""
    times, first = np.unique(mjd, return_index=True)
    padded = np.concatenate([[-np.inf], times, [np.inf]])
    after = np.searchsorted(times, mjd + SHORTEST) + 1
    before = np.searchsorted(times, mjd - SHORTEST, side="right")
    near = np.where(padded[after] - mjd <= mjd - padded[before], after, before)
    gap = padded[near] - mjd
    pull = GM_EARTH / np.linalg.norm(place, axis=1) ** 3
    turn = pull * (gap * DAY) ** 2
    usable = (np.abs(gap) <= LONGEST) & (turn <= WIDEST**2)
    gap, turn = (np.where(usable, each, np.nan)[:, None] for each in (gap, turn))
    there = place[first[np.clip(near - 1, 0, len(times) - 1)]]
    velocity: Array = (there - (1 - turn / 2) * place) / (gap * DAY * (1 - turn / 6))
    return velocity
