"""Unit vectors, and the plane that touches the sky at a point: no wrap at RA 0, no pole."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ARCSEC = np.degrees(1) * 3600  # in a radian


def unit_vectors(ra: Array, dec: Array) -> Array:
    """Return unit vectors (…, 3) of positions in degrees; NaN stays NaN."""
    ra, dec = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def positions(vectors: Array) -> tuple[Array, Array]:
    """Return RA (0 to 360) and Dec in degrees of vectors (…, 3) of any length."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))


def east_north(vectors: Array) -> tuple[Array, Array]:
    """Return unit vectors (…, 3) to the east and to the north; at a pole, as for RA 0."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    across = np.hypot(x, y)
    cos, sin = np.where(across > 0, x, 1.0), np.where(across > 0, y, 0.0)
    cos, sin = cos / np.hypot(cos, sin), sin / np.hypot(cos, sin)
    east = np.stack([-sin, cos, np.zeros_like(sin)], axis=-1)
    return east, np.stack([-z * cos, -z * sin, across], axis=-1)


def separation(one: Array, other: Array) -> Array:
    """Return the angle between unit vectors (…, 3), arcsec; accurate for small and large angles."""
    chord = np.linalg.norm(one - other, axis=-1)
    return 2 * np.arcsin(np.clip(chord / 2, 0, 1)) * ARCSEC
