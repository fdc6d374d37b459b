"""Places of a spacecraft during an exposure, from its place and velocity at one time."""

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from ml.io.mjd import DAY

Array = NDArray[np.float64]
GM_EARTH = 398_600.4418  # km³/s²
EARTH_RADIUS = 6_378.137  # km, at the equator
FLATTENING = 1.0826e-3  # J2: without it, Hubble would be 12 km off after a quarter of an orbit
LONGEST = 0.25  # days from the given time


def spacecraft_places(place: Array, velocity: Array, since: float, mjd: Array) -> Array:
    """Return geocentric places (n, 3), km, at MJD (n,), of a spacecraft in free fall around the Earth.

    Parameters
    ----------
    place, velocity
        (3,) km and km/s from the Earth's centre (ICRF), at MJD `since`.

    Raises
    ------
    ValueError
        A number is not finite, the place is inside the Earth, or a time is more than six hours from `since`.

    Notes
    -----
    Integrates the pull of a flattened Earth (J2, its pole taken as that of the ICRF); Sun and Moon move even a
    spacecraft at L2 by less than a kilometre in an hour.
    """
    start = np.concatenate([place, velocity]).astype(np.float64)
    if not np.isfinite(start).all():
        raise ValueError("the place or the velocity of the spacecraft is not known")
    if np.linalg.norm(place) < EARTH_RADIUS:
        raise ValueError("the place of the spacecraft is inside the Earth: it must be in km from the Earth's centre")
    seconds = (np.asarray(mjd) - since) * DAY
    if not (np.abs(seconds) <= LONGEST * DAY).all():
        raise ValueError("the place of the spacecraft is more than six hours from the exposure")
    places = np.tile(start[:3], (len(seconds), 1))
    for end in (seconds.min(initial=0), seconds.max(initial=0)):
        rows = seconds * end > 0
        if rows.any():
            flown = solve_ivp(_motion, (0, end), start, method="DOP853", dense_output=True, rtol=1e-10, atol=1e-6)
            places[rows] = flown.sol(seconds[rows])[:3].T
    return places


def _motion(_seconds: float, state: Array) -> Array:
    place = state[:3]
    radius = np.linalg.norm(place)
    height = (place[2] / radius) ** 2
    bulge = 1.5 * FLATTENING * (EARTH_RADIUS / radius) ** 2 * (np.array([1.0, 1.0, 3.0]) - 5 * height)
    return np.concatenate([state[3:], -GM_EARTH * place / radius**3 * (1 + bulge)])
