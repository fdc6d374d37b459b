"""Heliocentric states of observers: Earth's motion and rotation, or a spacecraft's given position."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ml.io.mjd import DAY
from ml.sky.detections import Detections
from ml.sky.observatories import EARTH_ROTATION, Observatory, geocentric
from ml.sky.solar_system import AU_KM, earth, sun_from_barycentre, tdb

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Observers:
    """N observers; NaN where the place is unknown.

    Attributes
    ----------
    mjd
        (N,) TDB.
    position, velocity
        (N, 3) heliocentric, au and au/day.
    drift
        (N, 3) velocity of the Sun about the barycentre, au/day.
    """

    mjd: Array
    position: Array
    velocity: Array
    drift: Array


def observers_of(
    detections: Detections, observatories: Mapping[str, Observatory], default: str = "500"
) -> tuple[Observers, list[str]]:
    """Return the observers of N detections, and a sentence for each observatory that cannot be used.

    A position in the table (obs_x, obs_y, obs_z) wins; else the row's observatory counts, or the default. Rows of an
    unknown observatory, or of one in space without a position, have NaN. A given position of unknown velocity moves
    with the Earth's centre.
    """
    observers, problems = observers_at(
        detections.mjd, detections.observatory, detections.observer, observatories, default
    )
    moving = np.nan_to_num(detections.observer_velocity) * DAY / AU_KM
    return replace(observers, velocity=observers.velocity + moving), problems


def observers_at(
    utc: Array, observatory: NDArray[np.str_], given: Array, observatories: Mapping[str, Observatory], default: str
) -> tuple[Observers, list[str]]:
    """Return what `observers_of` does, for MJD (N,) in UTC, codes (N,) and given places (N, 3), km, NaN if unknown.

    All given places move with the Earth's centre.
    """
    mjd = tdb(utc)
    known = np.isfinite(mjd)
    place, turning = given / AU_KM, np.zeros((len(mjd), 3))
    unplaced = ~np.isfinite(place).all(1) & known
    codes = np.where(np.char.str_len(observatory) > 0, observatory, default)
    problems = []
    for code in np.unique(codes[unplaced]):
        rows = np.flatnonzero((codes == code) & unplaced)
        try:
            if code not in observatories:
                raise ValueError(f"observatory {code} is unknown to the Minor Planet Center's list")
            place[rows] = geocentric(observatories[code], utc[rows])
            turning[rows] = np.cross(EARTH_ROTATION, place[rows])
        except ValueError as error:
            problems.append(f"{error}; rows left out: {len(rows)}")
    when = np.where(known, mjd, 51_544.5)
    home, speed = earth(when)
    step = 0.5
    drift = (sun_from_barycentre(when + step) - sun_from_barycentre(when - step)) / (2 * step)
    return Observers(np.where(known, mjd, np.nan), home + place, speed + turning, drift), problems
