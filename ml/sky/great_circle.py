"""Uniform motion along great circles: where tracklets are at another time, and whether two meet halfway."""

import numpy as np
from numpy.typing import NDArray

from ml.sky.tangent_plane import ARCSEC, east_north

Array = NDArray[np.float64]
TOLERANCE = 5.0
"""Arcsec/h, by which the motions of one object may differ halfway between two nights, apart from errors.

The turning Earth alone changes that of an object at 1 au by up to 2.3″/h, and the orbits of the main belt curve.
"""


def move_on(directions: Array, velocity: Array, days: Array) -> tuple[Array, Array]:
    """Return places and velocities (N, 3) after some days, the latter in radians per day.

    Parameters
    ----------
    directions
        (N, 3) unit vectors.
    velocity
        (N, 2) toward east and north, arcsec/h.
    days
        (N,), negative for the past.
    """
    east, north = east_north(directions)
    motion = (velocity[:, :1] * east + velocity[:, 1:] * north) / ARCSEC * 24
    rate = np.linalg.norm(motion, axis=1, keepdims=True)
    angle = rate * days[:, None]
    along = motion / np.maximum(rate, 1e-300)
    place = np.cos(angle) * directions + np.sin(angle) * along
    return place, rate * (np.cos(angle) * along - np.sin(angle) * directions)


def halfway_features(
    mjd: Array, directions: Array, velocity: Array, middle: Array | float, half: Array | float, tolerance: Array | float
) -> Array:
    """Return places and velocities (N, 6) at the time halfway between two nights, for pairs to be compared in.

    A distance of 1 between two of them is what a difference `tolerance` in velocity makes: of the velocities, or of the
    places in half of the gap.

    Parameters
    ----------
    mjd, directions, velocity
        (N,), (N, 3) and (N, 2) as for `move_on`.
    middle, half
        The time halfway (MJD), and half of the gap (days, positive); numbers or (N,).
    tolerance
        Arcsec/h; a number or (N,).
    """
    speed = np.broadcast_to(tolerance, mjd.shape)[:, None] / ARCSEC * 24
    place, motion = move_on(directions, velocity, middle - mjd)
    return np.concatenate([place / (speed * np.broadcast_to(half, mjd.shape)[:, None]), motion / speed], axis=1)


def halfway_covariances(
    mjd: Array, directions: Array, covariance: Array, middle: Array | float, half: Array | float, tolerance: float
) -> Array:
    """Return the covariances (N, 6, 6) of `halfway_features`.

    Parameters
    ----------
    covariance
        (N, 4, 4) of position east, north (arcsec) and velocity east, north (arcsec/h).
    mjd, directions, middle, half, tolerance
        As for `halfway_features`.
    """
    axes = np.stack(east_north(directions), axis=2)
    reach = 24 * np.broadcast_to(half, mjd.shape) * tolerance
    moved = np.zeros((len(mjd), 6, 4))
    moved[:, :3, :2] = axes / reach[:, None, None]
    moved[:, :3, 2:] = axes * (24 * (middle - mjd) / reach)[:, None, None]
    moved[:, 3:, 2:] = axes / tolerance
    spread: Array = moved @ covariance @ np.swapaxes(moved, 1, 2)
    return spread
