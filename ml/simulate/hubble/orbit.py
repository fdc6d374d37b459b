"""Parallax from a telescope in a 95-minute orbit: apparent tracks of solar-system objects.

The telescope tracks a star, so the object's trail is its own motion minus the telescope's: the parallax of the orbit
bends the line into an arc, and in a longer exposure into an S (Evans et al. 1998, Icarus 131, 261).
"""

from dataclasses import dataclass

import numpy as np

AU = 149_597_870.7
ORBIT_RADIUS = 6_918.0
PERIOD = 95.4 * 60
INCLINATION = np.radians(28.5)
ARCSEC = np.degrees(1) * 3600


@dataclass(frozen=True)
class Pointing:
    """The telescope's pointing and orbit during one exposure.

    ra, dec : degrees (ICRS).
    roll : radians from north to the detector's +y, through east.
    node : right ascension of the orbit's ascending node, radians.
    phase : radians from the ascending node to the telescope at mid-exposure.
    """

    ra: float
    dec: float
    roll: float
    node: float
    phase: float

    def axes(self) -> np.ndarray:
        """Return unit vectors (3, 3) towards the target, east and north, equatorial."""
        ra, dec = np.radians(self.ra), np.radians(self.dec)
        return np.array([
            [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)],
            [-np.sin(ra), np.cos(ra), 0.0],
            [-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)],
        ])  # fmt: skip

    def state(self) -> np.ndarray:
        """Return the telescope's place (km) and velocity (km/s) at mid-exposure, (6,), from the Earth's centre."""
        cos, sin = np.cos(self.phase), np.sin(self.phase)
        place, velocity = np.array([cos, sin]), np.array([-sin, cos]) * 2 * np.pi / PERIOD
        return np.concatenate([ORBIT_RADIUS * place @ self.plane(), ORBIT_RADIUS * velocity @ self.plane()])

    def plane(self) -> np.ndarray:
        """Return unit vectors (2, 3): the telescope at the ascending node, and a quarter of an orbit later."""
        return orbit_plane(self.node)


def orbit_plane(node: float) -> np.ndarray:
    """Return unit vectors (2, 3): at the ascending node, of right ascension `node` (radians), and a quarter later."""
    cos, sin = np.cos(node), np.sin(node)
    up = np.sin(INCLINATION)
    return np.array([[cos, sin, 0.0], [-sin * np.cos(INCLINATION), cos * np.cos(INCLINATION), up]])


def draw_pointing(rng: np.random.Generator) -> Pointing:
    """Draw a field within 25 degrees of the celestial equator, on the side of the orbit away from Earth.

    Exposures are taken while the target is high: mid-exposure is within a tenth of an orbit of the best moment.
    """
    ra, dec, node = rng.uniform(0, 360), rng.uniform(-25, 25), rng.uniform(0, 2 * np.pi)
    target = Pointing(ra, dec, 0.0, node, 0.0).axes()[0]
    best = np.arctan2(*(orbit_plane(node) @ target)[::-1])
    return Pointing(ra, dec, rng.uniform(0, 2 * np.pi), node, best + rng.uniform(-0.6, 0.6))


def parallax(pointing: Pointing, seconds: np.ndarray, distance: np.ndarray | float) -> np.ndarray:
    """Return the apparent displacement of an object by the telescope's position.

    Parameters
    ----------
    pointing : Pointing
    seconds : (k,) array
        Time from mid-exposure.
    distance : float or (n, 1) array
        Of the object, in astronomical units.

    Returns
    -------
    (2, k) or (2, n, k) array
        Arcseconds to the east and to the north, as seen from the telescope rather than the centre of the Earth.
    """
    turn = pointing.phase + 2 * np.pi * np.asarray(seconds) / PERIOD
    place = ORBIT_RADIUS * (pointing.plane().T @ np.stack([np.cos(turn), np.sin(turn)]))
    east, north = -(pointing.axes()[1:] @ place) * ARCSEC / AU
    return np.stack([east / distance, north / distance])


def track(
    pointing: Pointing, seconds: np.ndarray, *, rate: float, angle: float, distance: float, scale: float
) -> np.ndarray:
    """Return the path of an object on the detector, relative to its position at mid-exposure.

    Parameters
    ----------
    pointing : Pointing
    seconds : (k,) array
        Time from mid-exposure.
    rate : float
        Its motion as seen from the centre of the Earth, in arcseconds per hour.
    angle : float
        Position angle of that motion, radians from north through east.
    distance : float
        Astronomical units.
    scale : float
        Arcseconds per pixel.

    Returns
    -------
    (2, k) array
        x and y, in pixels.
    """
    hours = np.asarray(seconds) / 3600
    drift = rate * hours * np.array([[np.sin(angle)], [np.cos(angle)]])
    bent = parallax(pointing, seconds, distance) - parallax(pointing, np.zeros(1), distance)
    east, north = drift + bent
    cos, sin = np.cos(pointing.roll), np.sin(pointing.roll)
    # East is to the left of north: with no roll, -x.
    return np.stack([-east * cos + north * sin, north * cos + east * sin]) / scale
