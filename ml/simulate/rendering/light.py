"""Vectorised rendering of points, lines and clouds for many stamps at once.

Pixel coordinates are 0-based with the origin in the centre of the first pixel; arrays are (stamp, y, x).
"""

import numpy as np
from scipy.special import erf

FWHM_PER_SIGMA = 2.354820045


def axes(x: np.ndarray, y: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return distances of every pixel from one point per stamp, broadcastable.

    Parameters
    ----------
    x, y : (n,) array
        The points, in pixels.
    size : int
        Side of the square stamps, in pixels.

    Returns
    -------
    dx : (n, 1, size) float32 array
    dy : (n, size, 1) float32 array
    """
    pixel = np.arange(size, dtype=np.float32)
    return (pixel - as_column(x))[:, None, :], (pixel - as_column(y))[:, :, None]


def as_column(values: np.ndarray) -> np.ndarray:
    """Return (n, 1) float32 from n values, to broadcast over the pixels of a profile."""
    return np.asarray(values, np.float32).reshape(-1, 1)


def as_cube(values: np.ndarray) -> np.ndarray:
    """Return (n, 1, 1) float32 from n values, to broadcast over the pixels of n stamps."""
    return np.asarray(values, np.float32).reshape(-1, 1, 1)


def along_and_across(x: np.ndarray, y: np.ndarray, angle: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pixel coordinates along and across the direction `angle` (radians, from +x towards +y).

    Returns two (n, size, size) float32 arrays, zero at (x, y).
    """
    dx, dy = axes(x, y, size)
    cos, sin = as_cube(np.cos(angle)), as_cube(np.sin(angle))
    return dx * cos + dy * sin, dy * cos - dx * sin


def gaussian(x: np.ndarray, y: np.ndarray, sigma: np.ndarray, size: int) -> np.ndarray:
    """Gaussians of unit flux, integrated over the pixels.

    Parameters
    ----------
    x, y, sigma : (n,) array
        Centre and width, in pixels.

    Returns
    -------
    (n, size, size) float32 array
        Sums to 1 if the stamp contains the whole source.
    """
    edges = np.arange(size + 1, dtype=np.float32) - 0.5
    width = np.sqrt(2) * as_column(sigma)
    profile_x = np.diff(erf((edges - as_column(x)) / width), axis=1) / 2
    profile_y = np.diff(erf((edges - as_column(y)) / width), axis=1) / 2
    return (profile_y[:, :, None] * profile_x[:, None, :]).astype(np.float32, copy=False)


def point_source(x: np.ndarray, y: np.ndarray, fwhm: np.ndarray, size: int) -> np.ndarray:
    """Paint stars of unit flux at pixels (n,): a Gaussian core, and wings twice as wide with a sixth of the light.

    `fwhm` is in pixels, one or (n,). Returns (n, size, size).
    """
    sigma = np.asarray(fwhm) / FWHM_PER_SIGMA
    return gaussian(x, y, sigma, size) * np.float32(5 / 6) + gaussian(x, y, 2 * sigma, size) / np.float32(6)


def trail(
    x: np.ndarray, y: np.ndarray, length: np.ndarray, angle: np.ndarray, fwhm: np.ndarray, size: int
) -> np.ndarray:
    """Paint trailed point sources: the exact integral of a Gaussian over a uniform motion.

    Parameters
    ----------
    x, y : (n,) array
        Middle of the trail, in pixels.
    length : (n,) array
        Path during the exposure, in pixels, above 0.
    angle : (n,) array
        Direction in radians, from +x towards +y.
    fwhm : (n,) array
        Width of the point spread function, in pixels.

    Returns
    -------
    (n, size, size) float32 array of unit flux

    Notes
    -----
    Veres et al. 2012, PASP 124, 1197, equation 3.
    """
    along, across = along_and_across(x, y, angle, size)
    sigma, half = as_cube(fwhm) / np.float32(FWHM_PER_SIGMA), as_cube(length) / 2
    width = np.float32(np.sqrt(2)) * sigma
    path = (erf((along + half) / width) - erf((along - half) / width)) / (4 * half)
    return (path * np.exp(-((across / width) ** 2)) / (sigma * np.float32(np.sqrt(2 * np.pi)))).astype(np.float32)


def spray(x: np.ndarray, y: np.ndarray, flux: np.ndarray, size: int) -> np.ndarray:
    """Add charge to the nearest pixels, without PSF.

    Parameters
    ----------
    x, y, flux : (n, k) array
        Positions in pixels and the charge of each; points outside the stamp are lost.

    Returns
    -------
    (n, size, size) float32 array
    """
    images = np.zeros((len(x), size, size), np.float32)
    spray_onto(images, np.arange(len(x)), x, y, flux)
    return images


def spray_onto(images: np.ndarray, image: np.ndarray, x: np.ndarray, y: np.ndarray, flux: np.ndarray) -> None:
    """Add charge to the nearest pixels of some images.

    Parameters
    ----------
    images : (m, size, size) array, contiguous
        Changed in place.
    image : (n,) int array
        The image of each row of charge; any number of rows may share one.
    x, y, flux : (n, k) array
        Positions in pixels and the charge of each; points outside are lost.
    """
    size = images.shape[-1]
    column, row = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
    inside = (column >= 0) & (column < size) & (row >= 0) & (row < size)
    flat = ((image[:, None] * size + row) * size + column)[inside]
    np.add.at(images.reshape(-1), flat, flux[inside].astype(images.dtype))


def split_between_pixels(x: np.ndarray, y: np.ndarray, flux: np.ndarray, size: int) -> np.ndarray:
    """Split each point among the four pixels around it, preserving its centroid."""
    left, low = np.floor(x), np.floor(y)
    right_share, up_share = x - left, y - low
    corners = [
        (left + right, low + up, flux * np.abs(1 - right - right_share) * np.abs(1 - up - up_share))
        for right in (0, 1)
        for up in (0, 1)
    ]
    column, row, fraction = (np.concatenate(parts, axis=1) for parts in zip(*corners, strict=True))
    return spray(column, row, fraction, size)
