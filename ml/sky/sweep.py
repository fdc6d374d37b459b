"""First pass of known objects: which of a million orbits lie near a patch of sky, by two-body motion."""

import numpy as np
from numpy.typing import NDArray

from ml.sky.orbits import NEARLY_PARABOLIC, Orbits
from ml.sky.two_body import states

Array = NDArray[np.float64]
CHUNK = 16_384  # orbits whose intermediate arrays fit into the processor's cache
ROUNDS = 3  # of Halley's method: enough for single precision at any eccentricity below `NEARLY_PARABOLIC`
UNSOLVED = 1e-5  # radians: what is left after them goes to the exact solution
NUMERICAL = 2e-6  # of the distance from Sun or observer: rounding errors of single precision


class Sweep:
    """Orbits prepared for many searches, 40 bytes an orbit.

    Parameters
    ----------
    orbits
        N orbits of any eccentricity.
    """

    def __init__(self, orbits: Orbits) -> None:
        self.orbits = orbits
        elliptic = orbits.eccentricity < NEARLY_PARABOLIC
        self._others = np.flatnonzero(~elliptic)
        e = np.where(elliptic, orbits.eccentricity, 0.0)
        axis = orbits.perihelion / (1 - e)
        self._e = e.astype(np.float32)
        self._axes = np.empty((6, len(orbits)), np.float32)  # a P, b Q
        self._axes[:3] = (axis[:, None] * orbits.p).T
        self._axes[3:] = ((axis * np.sqrt(1 - e**2))[:, None] * orbits.q).T
        self._turns = orbits.mean_motion / (2 * np.pi)

    def near(
        self, mjd: float, observer: Array, direction: Array, radius: float, margin: float | Array
    ) -> NDArray[np.int64]:
        """Return the indices of the orbits that may lie within a circle on the sky.

        Parameters
        ----------
        mjd
            TDB.
        observer
            (3,) heliocentric, au.
        direction
            (3,) unit vector to the circle's centre.
        radius
            Radians.
        margin
            How far, in au, an object may be from where its two-body orbit puts it, for all or for each (N,); light-time
            is allowed for here.
        """
        margins = np.broadcast_to(np.asarray(margin, np.float32), len(self.orbits))
        found = [
            start + self._near(slice(start, start + CHUNK), mjd, observer, direction, radius, margins)
            for start in range(0, len(self.orbits), CHUNK)
        ]
        return np.unique(np.concatenate([*found, self._others]).astype(np.int64))

    def places(self, rows: NDArray[np.int64], mjd: float) -> Array:
        """Return exact two-body positions (M, 3) of some orbits, heliocentric, au."""
        return states(self.orbits.take(rows), mjd)[0]

    def _near(
        self, rows: slice, mjd: float, observer: Array, direction: Array, radius: float, margins: NDArray[np.float32]
    ) -> NDArray[np.int64]:
        e = self._e[rows]
        turns = (mjd - self.orbits.perihelion_time[rows]) * self._turns[rows]
        mean = ((turns - np.rint(turns)) * (2 * np.pi)).astype(np.float32)
        cos, sin, step = _anomaly(mean, e)
        axes, offset = self._axes[:, rows], observer.astype(np.float32)
        place = (cos - e) * axes[:3] + sin * axes[3:] - offset[:, None]
        distance = np.sqrt(np.einsum("ij,ij->j", place, place))
        ahead = np.einsum("i,ij->j", direction.astype(np.float32), place)
        # Light takes 500 s to cross 1 au, in which nothing moves further than 0.0004 au.
        reach = 2 * np.sin(radius / 2) * distance + margins[rows] + (4e-4 + NUMERICAL) * distance + NUMERICAL
        inside = 2 * distance * (distance - ahead) <= reach**2
        return np.flatnonzero(inside | (np.abs(step) > UNSOLVED))


def _anomaly(mean: NDArray[np.float32], e: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Return cosine and sine of the eccentric anomaly, and the last step towards it."""
    anomaly = mean + e * np.sin(mean) / (1 - np.minimum(e, np.float32(0.8)) * np.cos(mean))
    for last in range(ROUNDS):
        sin, cos = np.sin(anomaly), np.cos(anomaly)
        slope = 1 - e * cos
        newton = (anomaly - e * sin - mean) / slope
        step = newton / (1 - np.float32(0.5) * newton * e * sin / slope)
        anomaly = anomaly - step
        if last and np.abs(step).max(initial=0) < 1e-3:  # the next step would be below single precision
            break
    return cos + sin * step, sin - cos * step, np.where(np.abs(step) < 1e-3, 0, step)  # turned by the last step
