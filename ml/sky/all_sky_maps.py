"""Maps of the whole sky: ecliptic coordinates and the Mollweide projection."""

import numpy as np
from numpy.typing import NDArray

from ml.sky.tangent_plane import positions, unit_vectors

Array = NDArray[np.float64]
OBLIQUITY = 84381.406 / 3600  # degrees, J2000 (Capitaine et al. 2003, A&A 412, 567)
ROUNDS = 30
CLOSE = 1e-12  # radians


def to_ecliptic(ra: Array, dec: Array) -> tuple[Array, Array]:
    """Return ecliptic longitude (0 to 360) and latitude of equatorial positions (…), degrees, J2000; NaN stays."""
    return positions(unit_vectors(ra, dec) @ _tilt(OBLIQUITY))


def from_ecliptic(lon: Array, lat: Array) -> tuple[Array, Array]:
    """Return RA (0 to 360) and Dec of ecliptic positions (…), degrees, J2000; NaN stays NaN."""
    return positions(unit_vectors(lon, lat) @ _tilt(-OBLIQUITY))


def mollweide(lon: Array, lat: Array) -> tuple[Array, Array]:
    """Return x (-2 to 2, longitude growing to the left) and y (-1 to 1) of the equal-area projection about 180°.

    Parameters
    ----------
    lon, lat
        (N,) degrees; a longitude of 0 is at the right edge, 360 at the left one. NaN stays NaN.

    Notes
    -----
    x = 2 (180° - lon) / 180° cos θ and y = sin θ, where 2 θ + sin 2 θ = π sin lat (Snyder 1987, USGS Professional Paper
    1395, p. 249), here by Newton's method; at a pole, θ is the latitude.
    """
    lon, phi = np.asarray(lon, dtype=np.float64), np.radians(np.asarray(lat, dtype=np.float64))
    theta = phi.copy()
    goal = np.pi * np.sin(phi)
    for _ in range(ROUNDS):
        slope = 2 + 2 * np.cos(2 * theta)
        step = np.divide(2 * theta + np.sin(2 * theta) - goal, slope, out=np.zeros_like(theta), where=slope > CLOSE)
        theta -= step
    theta = np.where(np.abs(phi) >= np.pi / 2 - CLOSE, phi, np.clip(theta, -np.pi / 2, np.pi / 2))
    return (180 - lon) / 90 * np.cos(theta), np.sin(theta)


def _tilt(angle: float) -> Array:
    """Return the matrix that, from the right, rotates row vectors about the equinox by an angle in degrees."""
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
