"""Background subtraction by a mesh: an image in units of its noise, without gradients and halos."""

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from ml.imaging.noise_normalisation import MAD_TO_SIGMA

MESH = 64
SOFTENING = 3.0  # in noise: below it the stretch is linear
Array = NDArray[Any]


UNMEASURED = f"holds too few numbers: no part of it, of about {MESH} × {MESH} pixels, is measured to an eighth"


class NoPixels(ValueError):
    """Too few measured pixels to estimate the noise of an image; the message says so."""


def in_noise(pixels: Array) -> NDArray[np.float32]:
    """Return (pixels - sky) / noise.

    Raises NoPixels if it is not `measured`.

    Parameters
    ----------
    pixels
        (H, W), any real dtype; NaN and infinities mark what was not measured.

    Returns
    -------
    (H, W) float32, NaN where nothing was measured. Sky is the median and noise 1.4826 times the median absolute
    deviation in each mesh cell of 64 × 64 pixels (of every second row and column); outliers are replaced by the median
    of their neighbours, and both are interpolated between the centres of the cells.
    """
    image = _finite(pixels)
    level, noise = mesh(image)
    if not np.isfinite(level).any():
        raise NoPixels(f"The image {UNMEASURED}. Leave it out.")
    level, noise = calm(level), calm(noise)
    noise = np.where(noise > 0, noise, np.median(noise[noise > 0]) if (noise > 0).any() else np.float32(1))
    out = image - spread(level, image.shape)
    out /= spread(noise.astype(np.float32), image.shape)
    return out


def measured(pixels: Array) -> bool:
    """Return whether any mesh cell of an image (H, W) is at least an eighth measured, so that `in_noise` works."""
    if pixels.dtype.kind != "f":
        return True
    cells = itertools.chain.from_iterable(_cells(_finite(pixels)))
    return any(_enough(int(np.count_nonzero(~np.isnan(cell))), cell.size) for cell in cells)


def mesh(image: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return median and robust noise (h, w) of the mesh cells of an image; NaN for cells under an eighth measured."""
    found = np.array([[_middle_and_spread(cell.ravel()) for cell in row] for row in _cells(image)], dtype=np.float32)
    return found[..., 0], found[..., 1]


def calm(grid: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill NaN with the median of the grid (h, w), and replace outliers by the median of their 3 × 3 neighbours.

    An outlier is 8 times as far from that median as cells usually are. At least one cell must be known.
    """
    known = np.isfinite(grid)
    filled = np.where(known, grid, np.median(grid[known]))
    middle = median_filter(filled, size=3, mode="nearest")
    spread_of = np.median(np.abs(filled - middle)) + 1e-6 * np.abs(middle)
    return np.where(np.abs(filled - middle) > 8 * spread_of, middle, filled).astype(np.float32)


def spread(grid: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Interpolate a grid (h, w) linearly over an image (H, W), constant beyond the centres of the outer cells."""
    down, across = (_weights(side, count) for side, count in zip(shape, grid.shape, strict=True))
    return np.asarray(down @ grid @ across.T, dtype=np.float32)


def stretched(noise_units: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the network's input: softening · asinh(x / softening) / 4, of any shape; 0, the sky level, for NaN."""
    out = np.arcsinh(noise_units / np.float32(SOFTENING))
    out *= np.float32(SOFTENING / 4)
    return np.nan_to_num(out, copy=False)


def _finite(pixels: Array) -> NDArray[np.float32]:
    if pixels.ndim != 2:
        raise ValueError(f"An image to find trails in has rows and columns, but this has shape {pixels.shape}.")
    with np.errstate(over="ignore"):
        image = pixels.astype(np.float32)
    if pixels.dtype.kind == "f":
        image[~np.isfinite(image)] = np.nan
    return image


def _cells(image: NDArray[np.float32]) -> list[list[NDArray[np.float32]]]:
    """Return the mesh cells of an image, with every second row and column."""
    rows, columns = (max(1, round(side / MESH)) for side in image.shape)
    sides = zip(image.shape, (rows, columns), strict=True)
    tops, lefts = (np.rint(np.linspace(0, side, count + 1)).astype(np.intp) for side, count in sides)
    thin = max(1, min(2, min(image.shape) // 16))
    return [[image[a:b:thin, c:d:thin] for c, d in itertools.pairwise(lefts)] for a, b in itertools.pairwise(tops)]


def _enough(known: int, size: int) -> bool:
    return known >= max(1, size // 8)


def _middle_and_spread(values: NDArray[np.float32]) -> tuple[float, float]:
    measured_values = values[~np.isnan(values)]
    if not _enough(measured_values.size, values.size):
        return np.nan, np.nan
    half = measured_values.size // 2
    middle = np.partition(measured_values, half)[half]
    away = np.abs(measured_values - middle)
    return float(middle), float(MAD_TO_SIGMA * np.partition(away, half)[half])


def _weights(side: int, count: int) -> NDArray[np.float32]:
    """Return the weight (side, count) of each cell in each row or column of the image."""
    place = np.clip((np.arange(side) + 0.5) * count / side - 0.5, 0, count - 1)
    low = np.minimum(place.astype(np.intp), max(count - 2, 0))
    part = place - low
    weights = np.zeros((side, count), dtype=np.float32)
    rows = np.arange(side)
    weights[rows, low] = 1 - part
    weights[rows, np.minimum(low + 1, count - 1)] += part
    return weights
