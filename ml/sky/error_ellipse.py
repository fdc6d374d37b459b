"""The error ellipse of a predicted place: orbit and measurement along the motion, measurement across it."""

import numpy as np
from numpy.typing import NDArray

from ml.sky.tangent_plane import east_north

Array = NDArray[np.float64]
FLOOR = 0.1  # arcsec: star catalogues and clocks
DEFAULT_RMS = 0.5  # arcsec, for a detection that does not say
CORNERS = 72  # of a drawn ellipse: its sides stay within 0.1 % of the curve


def measurement_noise(rms: Array) -> Array:
    """Return the 1σ noise of detections in each coordinate (N,), arcsec, from their errors (N,); NaN counts as 0.5″."""
    noise: Array = np.hypot(np.where(np.isfinite(rms), rms, DEFAULT_RMS), FLOOR)
    return noise


def semi_axes(orbit_error: Array, noise: Array) -> tuple[Array, Array]:
    """Return the 1σ semi-axes (N,) along and across the predicted motion, arcsec.

    Parameters
    ----------
    orbit_error
        (N,) arcsec, 1σ along the orbit, which is taken to be along the predicted motion; where it is NaN, so is the
        axis along. Across the motion the orbit's own error counts as nothing beside the noise.
    noise
        (N,) arcsec, 1σ of a detection in each coordinate.
    """
    return np.hypot(orbit_error, noise), noise


def tangent_direction(center: Array, place: Array, position_angle: float) -> Array:
    """Return the unit vector (2,), in east and north at `center`, of a position angle measured at `place` nearby.

    Parameters
    ----------
    center, place
        (3,) unit vectors, less than 90° apart. North at the one is not north at the other: within a degree of a pole
        the two differ by as much as the right ascensions do.
    position_angle
        Deg from north through east, at `place`.
    """
    east, north = east_north(place)
    angle = np.radians(position_angle)
    direction = np.stack(east_north(center)) @ (np.sin(angle) * east + np.cos(angle) * north)
    unit: Array = direction / np.hypot(*direction)
    return unit


def outline(middle: Array, along: Array, semi_along: float, semi_across: float) -> Array:
    """Return the corners (72, 2) of an ellipse about a middle (2,) with one axis along a unit vector (2,)."""
    turn = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)[:, None]
    left = np.array([-along[1], along[0]])
    corners: Array = middle + semi_along * np.cos(turn) * along + semi_across * np.sin(turn) * left
    return corners
