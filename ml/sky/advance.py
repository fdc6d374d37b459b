"""Bring a catalogue to another epoch: integrate every orbit and return elements that osculate then."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ml.sky.nbody import integrate
from ml.sky.orbits import NEARLY_PARABOLIC, Orbits, concatenate
from ml.sky.solar_system import GM_SUN

Array = NDArray[np.float64]
BATCH = 2_000  # orbits whose integration shares its steps


def advance(orbits: Orbits, mjd: float) -> Orbits:
    """Return the orbits (N,) with elements for another epoch, MJD (TT).

    Nearly parabolic orbits (e ≥ 0.98) stay as they are. About a minute for 20,000 orbits over seven years.
    """
    rows = np.argsort(orbits.epoch, kind="stable")
    rows = rows[orbits.eccentricity[rows] < NEARLY_PARABOLIC]
    parts = [orbits.take(orbits.eccentricity >= NEARLY_PARABOLIC)]
    for start in range(0, len(rows), BATCH):
        few = orbits.take(rows[start : start + BATCH])
        parts.append(osculating(few, *integrate(few, mjd), mjd))
    return concatenate(parts)


def osculating(orbits: Orbits, position: Array, velocity: Array, mjd: float) -> Orbits:
    """Return orbits with the elements of heliocentric states (N, 3), au and au/day; hyperbolas are left out."""
    radius, square = np.linalg.norm(position, axis=1), np.einsum("ni,ni->n", velocity, velocity)
    momentum = np.cross(position, velocity)
    toward = np.cross(velocity, momentum) / GM_SUN - position / radius[:, None]
    e = np.linalg.norm(toward, axis=1)
    axis = 1 / (2 / radius - square / GM_SUN)
    p = np.where(e[:, None] > 1e-12, toward, position) / np.where(e > 1e-12, e, radius)[:, None]
    q = np.cross(momentum / np.linalg.norm(momentum, axis=1, keepdims=True), p)
    bound = (e < NEARLY_PARABOLIC) & (axis > 0)
    axis, ratio = np.where(bound, axis, 1.0), np.where(bound, e, 0.0)
    x, y = np.einsum("ni,ni->n", position, p), np.einsum("ni,ni->n", position, q)
    anomaly = np.arctan2(y / np.sqrt(1 - ratio**2), x + ratio * axis)
    since = (anomaly - ratio * np.sin(anomaly)) * np.sqrt(axis**3 / GM_SUN)
    moved = replace(
        orbits, epoch=np.full(len(orbits), mjd), perihelion=axis * (1 - ratio), eccentricity=ratio,
        perihelion_time=mjd - since, p=p, q=q,
    )  # fmt: skip
    return moved.take(bound)
