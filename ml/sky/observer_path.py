"""Path of an observer during an exposure: a spacecraft in its orbit, or an observatory on the turning Earth."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ml.sky.observatories import geocentric, read_observatories
from ml.sky.solar_system import AU_KM, earth, tdb
from ml.sky.spacecraft_orbit import spacecraft_places

Array = NDArray[np.float64]
Path = Callable[[Array], Array]
"""Returns heliocentric places (n, 3), au, at MJD (n,) in UTC."""


def observer_path(mjd: float, place: Sequence[float], velocity: Sequence[float], observatory: str) -> Path:
    """Return the path of an observer around a time.

    Parameters
    ----------
    mjd
        UTC, of `place` and `velocity`.
    place, velocity
        (3,) km and km/s from the Earth's centre (ICRF), of a spacecraft; NaN if unknown.
    observatory
        MPC code, which counts where place and velocity are unknown; may be empty.

    Raises
    ------
    ValueError
        Neither says where the observer was.
    """
    if np.isfinite([*place, *velocity]).all():
        start = np.array(place), np.array(velocity)
        return lambda when: _from_sun(when, spacecraft_places(*start, mjd, when) / AU_KM)
    known = read_observatories()
    if observatory not in known:
        raise ValueError(
            "the place and velocity of the spacecraft (obs_x, …, obs_vx, …) or an observatory code is needed"
        )
    geocentric(known[observatory], np.array([mjd]))
    return lambda when: _from_sun(when, geocentric(known[observatory], when))


def _from_sun(when: Array, place: Array) -> Array:
    home, _ = earth(tdb(when))
    return home + place
