"""Apparent places: where an observer sees a moving body, with light-time, and how bright it is."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ml.sky.orbits import Orbits
from ml.sky.solar_system import SPEED_OF_LIGHT
from ml.sky.tangent_plane import ARCSEC, east_north

Array = NDArray[np.float64]
UNKNOWN_SLOPE = 0.15


@dataclass(frozen=True)
class Bodies:
    """Heliocentric states of N bodies at one time: position, velocity, acceleration (N, 3) in au and days."""

    mjd: float
    position: Array
    velocity: Array
    acceleration: Array

    def at(self, rows: NDArray[np.int64], days: Array) -> tuple[Array, Array]:
        """Return positions and velocities (M, 3) of some, `days` (M,) later: a step of hours, by Taylor's series."""
        place, speed, pull = self.position[rows], self.velocity[rows], self.acceleration[rows]
        t = days[:, None]
        square = np.einsum("ni,ni->n", place, place)
        outward = np.einsum("ni,ni->n", place, speed) / square
        # The jerk, from the Sun's pull alone: d/dt (-μ r / r³).
        strength = -np.einsum("ni,ni->n", pull, place) / square
        jerk = -strength[:, None] * (speed - 3 * outward[:, None] * place)
        return place + speed * t + pull * t**2 / 2 + jerk * t**3 / 6, speed + pull * t + jerk * t**2 / 2


@dataclass(frozen=True)
class Apparent:
    """What observers see of M bodies.

    Attributes
    ----------
    direction
        (M, 3) unit vectors, ICRF: astrometric, so comparable with star catalogues.
    distance, sun_distance
        (M,) au.
    motion
        (M, 2) east and north, arcsec per hour.
    phase
        (M,) angle between Sun and observer seen from the body, radians.
    """

    direction: Array
    distance: Array
    sun_distance: Array
    motion: Array
    phase: Array

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Apparent":
        """Return some of the bodies."""
        return Apparent(*(getattr(self, each.name)[rows] for each in fields(self)))


def observe(
    bodies: Bodies, rows: NDArray[np.int64], mjd: Array, observer: Array, speed: Array, drift: Array
) -> Apparent:
    """Return what each observer sees.

    Parameters
    ----------
    rows
        (M,) which body.
    mjd
        (M,) TDB.
    observer, speed
        (M, 3) heliocentric position and velocity, au and au/day.
    drift
        (M, 3) velocity of the Sun about the barycentre, au/day: it moves while the light travels.
    """
    since = mjd - bodies.mjd
    delay = np.zeros(len(rows))
    for _ in range(3):
        place, velocity = bodies.at(rows, since - delay)
        ray = place - drift * delay[:, None] - observer
        distance = np.linalg.norm(ray, axis=1)
        delay = distance / SPEED_OF_LIGHT
    direction = ray / distance[:, None]
    sideways = velocity - speed
    turning = (sideways - np.einsum("ni,ni->n", sideways, direction)[:, None] * direction) / distance[:, None]
    motion = np.stack([np.einsum("ni,ni->n", turning, axis) for axis in east_north(direction)], axis=1)
    sun = np.linalg.norm(place, axis=1)
    cosine = np.einsum("ni,ni->n", place, ray) / (sun * distance)
    return Apparent(direction, distance, sun, motion * ARCSEC / 24, np.arccos(np.clip(cosine, -1, 1)))


def visual_magnitude(orbits: Orbits, seen: Apparent) -> Array:
    """Return V (M,) of asteroids and the total magnitude of comets; NaN without an absolute one.

    Asteroids follow the H, G system (Bowell et al. 1989, equation A4), with G of 0.15 if unknown. Comets follow
    H + 5 log Δ + `activity` log r, whatever the phase.
    """
    slope = np.where(np.isfinite(orbits.slope), orbits.slope, UNKNOWN_SLOPE)
    tangent = np.tan(seen.phase / 2)
    phases = (1 - slope) * np.exp(-3.33 * tangent**0.63) + slope * np.exp(-1.87 * tangent**1.22)
    with np.errstate(divide="ignore"):
        asteroid = 5 * np.log10(seen.sun_distance) - 2.5 * np.log10(phases)
        fading = np.where(np.isfinite(orbits.activity), orbits.activity * np.log10(seen.sun_distance), asteroid)
        return orbits.magnitude + 5 * np.log10(seen.distance) + fading
