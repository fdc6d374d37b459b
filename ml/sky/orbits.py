"""Orbits of known objects: elements, and the vectors that make two-body positions cheap."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ml.sky.solar_system import ECLIPTIC_TO_EQUATOR, GAUSS

Array = NDArray[np.float64]
OLD_DAYS = 100.0  # from older elements, two-body motion is off by more than a search allows in the main belt
NEARLY_PARABOLIC = 0.98  # from this eccentricity on, anomalies lose digits: universal variables instead


@dataclass(frozen=True)
class Orbits:
    """Osculating heliocentric orbits of N objects, of any eccentricity.

    Attributes
    ----------
    name
        (N,) packed designations, bytes.
    epoch
        (N,) MJD, TT: when the elements osculate.
    perihelion
        (N,) distance, au.
    eccentricity
        (N,) 0 or more.
    perihelion_time
        (N,) MJD, TT.
    p, q
        (N, 3) unit vectors to perihelion and 90° ahead in the orbit, equator of J2000.
    magnitude, slope
        (N,) H and G; NaN if unknown. Of comets the absolute total magnitude, and NaN.
    runoff
        (N,) expected error of the position along the orbit, arcsec per decade; NaN if unknown.
    last_observed
        (N,) MJD of the last observation in the orbit; NaN if unknown.
    activity
        (N,) how comets brighten towards the Sun: magnitudes per factor of 10 in their distance to it; NaN of asteroids.
    """

    name: NDArray[np.bytes_]
    epoch: Array
    perihelion: Array
    eccentricity: Array
    perihelion_time: Array
    p: Array
    q: Array
    magnitude: Array
    slope: Array
    runoff: Array
    last_observed: Array
    activity: Array

    def __len__(self) -> int:
        return len(self.epoch)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Orbits":
        """Return some orbits."""
        return Orbits(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @property
    def mean_motion(self) -> Array:
        """Return the mean motion (N,), radians per day; 0 for parabolas and hyperbolas."""
        inverse = np.maximum(1 - self.eccentricity, 0) / self.perihelion
        return GAUSS * inverse**1.5


def concatenate(parts: list[Orbits]) -> Orbits:
    """Return the orbits of several catalogues."""
    return Orbits(
        **{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Orbits)}
    )


def perifocal_axes(node: Array, argument: Array, inclination: Array) -> tuple[Array, Array]:
    """Return the vectors P and Q (N, 3) on the equator of J2000 from angles (N,) in degrees on its ecliptic."""
    node, argument, inclination = (np.radians(angle) for angle in (node, argument, inclination))
    cos_node, sin_node, cos_i, sin_i = np.cos(node), np.sin(node), np.cos(inclination), np.sin(inclination)
    cos_w, sin_w = np.cos(argument), np.sin(argument)
    p = [cos_w * cos_node - sin_w * sin_node * cos_i, cos_w * sin_node + sin_w * cos_node * cos_i, sin_w * sin_i]
    q = [-sin_w * cos_node - cos_w * sin_node * cos_i, -sin_w * sin_node + cos_w * cos_node * cos_i, cos_w * sin_i]
    return np.stack(p, axis=-1) @ ECLIPTIC_TO_EQUATOR.T, np.stack(q, axis=-1) @ ECLIPTIC_TO_EQUATOR.T
