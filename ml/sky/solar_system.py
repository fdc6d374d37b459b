"""Positions of Sun, planets and Moon from the analytic theories of IAU SOFA (erfa): no file, no network.

Distances in au, times in days (TDB as MJD), axes of the ICRF to 0.02″. The Earth is good to about 10 km (VSOP2000), so
its position costs 0.1″ at 0.14 au; the planets to seconds or a minute of arc (Simon et al. 1994), ample for
perturbations.
"""

import warnings

import erfa
import numpy as np
from numpy.typing import NDArray

from ml.io.mjd import JD_MINUS_MJD

Array = NDArray[np.float64]
GAUSS = 0.01720209895  # au^1.5 / day
GM_SUN = GAUSS**2
SPEED_OF_LIGHT = 173.144632674  # au / day
AU_KM = 149_597_870.7
OBLIQUITY = np.radians(84381.448 / 3600)  # J2000, IAU 1976: that of the Minor Planet Center's ecliptic
ECLIPTIC_TO_EQUATOR = np.array(
    [[1, 0, 0], [0, np.cos(OBLIQUITY), -np.sin(OBLIQUITY)], [0, np.sin(OBLIQUITY), np.cos(OBLIQUITY)]]
)
_PLANETS = {1: 6_023_600.0, 2: 408_523.719, 4: 3_098_703.59, 5: 1_047.348644, 6: 3_497.9018, 7: 22_902.98, 8: 19_412.26}
_EARTH, _MOON = 332_946.0487, 27_068_703.24  # solar masses per body, DE440
PERTURBER_GM = GM_SUN / np.array([*_PLANETS.values(), _EARTH, _MOON])


def earth(mjd: Array) -> tuple[Array, Array]:
    """Return heliocentric position and velocity (…, 3) of the Earth's centre at MJD (TDB)."""
    heliocentric, _ = erfa.epv00(JD_MINUS_MJD, np.asarray(mjd, float))
    return heliocentric["p"], heliocentric["v"]


def sun_from_barycentre(mjd: Array) -> Array:
    """Return the position (…, 3) of the Sun from the solar system's barycentre."""
    heliocentric, barycentric = erfa.epv00(JD_MINUS_MJD, np.asarray(mjd, float))
    position: Array = barycentric["p"] - heliocentric["p"]
    return position


def perturbers(mjd: float) -> Array:
    """Return heliocentric positions (9, 3) of Mercury, Venus, Mars to Neptune, Earth and Moon, as in `PERTURBER_GM`."""
    planets = [erfa.plan94(JD_MINUS_MJD, mjd, number)["p"] for number in _PLANETS]
    home = earth(np.asarray(mjd))[0]
    return np.stack([*planets, home, home + erfa.moon98(JD_MINUS_MJD, mjd)["p"]])


def tdb(mjd_utc: Array) -> Array:
    """Return MJD in TDB (as TT, which differs by less than 2 ms) of MJD in UTC; NaN stays."""
    mjd_utc = np.asarray(mjd_utc, float)
    known = np.where(np.isfinite(mjd_utc), mjd_utc, 51_544.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)  # "dubious year": no leap second is known that far ahead
        tai = erfa.utctai(JD_MINUS_MJD, np.clip(known, 36_934.0, None))  # UTC begins in 1960: before, its first offset
    offset = (tai[0] - JD_MINUS_MJD) + tai[1] - np.clip(known, 36_934.0, None)
    return mjd_utc + offset + 32.184 / 86_400
