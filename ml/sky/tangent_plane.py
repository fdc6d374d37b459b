"""Unit vectors, and the plane that touches the sky at a point: no wrap at RA 0, no pole."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ARCSEC = np.degrees(1) * 3600  # in a radian
OFF_PLANE = "a detection lies 90° or more from the middle of all, so they are not of one object"


def unit_vectors(ra: Array, dec: Array) -> Array:
    """Return unit vectors (…, 3) of positions in degrees; NaN stays NaN."""
    ra, dec = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def normalised(vectors: Array) -> Array:
    """Return vectors (…, 3) at length 1; a vector of length 0 becomes (1, 0, 0)."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > 0, vectors / np.where(length > 0, length, 1), [1.0, 0.0, 0.0])


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


def plane_covariances(vectors: Array, axes: Array, rms_ra: Array, rms_dec: Array, corr: Array) -> Array:
    """Return covariances (…, 2, 2) of positions in a plane's axes, which differ from their own near a pole, arcsec².

    Parameters
    ----------
    vectors
        (…, 3) unit vectors of the positions.
    axes
        (…, 2, 3) unit vectors to the east and north of the plane.
    rms_ra, rms_dec, corr
        (…) errors of the positions toward their own east and north, arcsec, and their correlation.
    """
    local = np.stack(east_north(vectors), axis=-2)
    turn = axes @ np.swapaxes(local, -1, -2)
    covariance = np.empty((*rms_ra.shape, 2, 2))
    covariance[..., 0, 0], covariance[..., 1, 1] = rms_ra**2, rms_dec**2
    covariance[..., 0, 1] = covariance[..., 1, 0] = corr * rms_ra * rms_dec
    turned: Array = turn @ covariance @ np.swapaxes(turn, -1, -2)
    return turned


def separation(one: Array, other: Array) -> Array:
    """Return the angle between unit vectors (…, 3), arcsec; accurate for small and large angles."""
    chord = np.linalg.norm(one - other, axis=-1)
    return 2 * np.arcsin(np.clip(chord / 2, 0, 1)) * ARCSEC
