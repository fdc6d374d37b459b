"""Profiles across a curve: S/N and width, and refinement of the curve onto its ridge."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, uniform_filter1d

from ml.imaging.polyline import even, length_of, smooth, tangents

REACH = 8  # pixels to either side
MOST = 240  # samples along
FAINT = 0.7  # in units of the noise, over 3 pixels across: fainter ridges have no visible ends
Array = NDArray[Any]


@dataclass(frozen=True)
class Profile:
    """An image (in units of its noise) along a curve.

    Attributes
    ----------
    values
        (2 · REACH + 1, n): row REACH is the curve itself, rows above it lie to its right; NaN where nothing was
        measured.
    points
        (n, 2) pixels, the samples on the curve.
    normal
        (n, 2) unit vectors towards increasing rows.
    """

    values: NDArray[np.float32]
    points: NDArray[np.float64]
    normal: NDArray[np.float64]

    def across(self) -> NDArray[np.float64]:
        """Return the median (2 · REACH + 1,) along the curve, minus the sky beside it; 0 if all is NaN."""
        if np.isnan(self.values).any():
            median = np.nanmedian(np.where(np.isnan(self.values).all(axis=1, keepdims=True), 0.0, self.values), axis=1)
        else:
            median = np.median(self.values, axis=1)
        sides = np.concatenate([median[:2], median[-2:]])
        return median - float(np.median(sides))


def along(noise_units: Array, curve: Array) -> Profile:
    """Sample an image (H, W) along a curve (k, 2), with linear interpolation, about one sample per pixel."""
    count = int(np.clip(length_of(curve), 8, MOST)) + 1
    points = even(curve, count)
    direction = tangents(points)
    normal = np.stack([direction[:, 1], -direction[:, 0]], axis=1)
    aside = np.arange(-REACH, REACH + 1)
    x, y = (points[None, :, k] + aside[:, None] * normal[None, :, k] for k in (0, 1))
    values = map_coordinates(noise_units, [y, x], order=1, mode="constant", cval=np.nan)
    return Profile(values, points, normal)


def snr_per_pixel(across: Array) -> float:
    """Return the S/N of the ridge's pixels: the largest median within a pixel of the curve.

    `across` is that of `Profile`, (2 · REACH + 1,) in units of the noise, without NaN.
    """
    return float(across[REACH - 1 : REACH + 2].max())


def full_width(across: Array) -> float:
    """Return the full width at half maximum of the ridge in pixels, at least 1; `across` as for `snr_per_pixel`."""
    half = across[REACH - 1 : REACH + 2].max() / 2
    above = across > max(half, 1e-6)
    left = np.argmin(above[: REACH + 1][::-1]) if not above[: REACH + 1].all() else REACH + 1
    right = np.argmin(above[REACH:]) if not above[REACH:].all() else REACH + 1
    return float(max(left + right - 1, 1))


def snapped_to_ridge(noise_units: Array, curve: Array, reach: int = 5, run: int = 15) -> NDArray[np.float64]:
    """Move a curve onto the nearby ridge, and fit a spline to it.

    Parameters
    ----------
    noise_units
        (H, W) image in units of its noise; NaN where nothing was measured counts as sky.
    curve
        (k, 2) pixels, such as a volunteer's line.
    reach
        Search radius for the ridge in pixels, at most 8.
    run
        Pixels along the line over which the image is averaged first.

    Returns
    -------
    (17, 2) pixels. The path along the ridge is the brightest one that shifts by at most one pixel in three (a shortest
    path by dynamic programming); without a significant ridge it stays near the given curve.
    """
    profile = along(noise_units, curve)
    band = np.nan_to_num(profile.values[REACH - reach : REACH + reach + 1])
    calm = uniform_filter1d(np.clip(band, -3, 30), min(run, band.shape[1]), axis=1, mode="nearest")
    path = _brightest_way(calm[:, ::3]) if band.shape[1] > 3 else calm.argmax(0)
    aside = np.repeat(path, 3)[: band.shape[1]] if band.shape[1] > 3 else path
    shift = aside - reach + _within_a_pixel(calm, aside)
    points = profile.points + shift[:, None] * profile.normal
    return smooth(points, np.ones(len(points)))


def trimmed_to_light(noise_units: Array, curve: Array, most: float = 40.0) -> NDArray[np.float64]:
    """Trim ends without light off a curve, at most so many pixels and a third of it.

    An end is where a step from the sky to the ridge's level, its median over some 40 pixels further in, fits the ridge
    best (least squares). A curve without a significant ridge stays as it is.

    Parameters
    ----------
    noise_units
        (H, W) in units of the noise; NaN counts as sky.
    curve
        (P, 2) pixels (x, y) along the trail.
    most
        Pixels.

    Returns
    -------
    (P, 2) pixels, evenly spaced.
    """
    profile = along(noise_units, curve)
    ridge = np.nan_to_num(profile.values[REACH - 1 : REACH + 2]).mean(0)
    sides = np.nan_to_num(np.concatenate([profile.values[:3], profile.values[-3:]]))
    ridge = ridge - np.median(sides)
    step = length_of(curve) / (len(ridge) - 1)
    furthest = min(int(most / step), len(ridge) // 3)
    first, last = (_first_light(way, furthest, int(40 / step)) for way in (ridge, ridge[::-1]))
    if not first and not last:
        return curve
    return even(profile.points[first : len(ridge) - last], len(curve))


def _first_light(ridge: Array, furthest: int, near: int) -> int:
    """Return the number of samples before the ridge steps up to its level; 0 for a faint ridge."""
    level = float(np.median(ridge[furthest : furthest + near + 1]))
    if furthest < 1 or level < FAINT:
        return 0
    lit = np.clip(ridge[:furthest], -level, 2 * level) - level / 2
    return int(np.concatenate([[0.0], np.cumsum(lit)]).argmin())


def _brightest_way(values: Array) -> NDArray[np.intp]:
    """Return the row (n,) in each column of the path with the largest sum, changing by at most one row per step."""
    rows, columns = values.shape
    home = 0.02 * np.abs(np.arange(rows) - rows // 2)
    total = values[:, 0] - home
    came = np.zeros((rows, columns), dtype=np.intp)
    for column in range(1, columns):
        padded = np.pad(total, 1, constant_values=-np.inf)
        options = np.stack([padded[:-2], padded[1:-1] + 1e-6, padded[2:]])
        best = options.argmax(0)
        came[:, column] = np.arange(rows) + best - 1
        total = options.max(0) + values[:, column] - home
    way = np.empty(columns, dtype=np.intp)
    way[-1] = int(total.argmax())
    for column in range(columns - 1, 0, -1):
        way[column - 1] = came[way[column], column]
    return way


def _within_a_pixel(values: Array, rows: Array) -> NDArray[np.float64]:
    """Return the vertex (-0.5..0.5) of the parabola through each column's row and its neighbours."""
    columns = np.arange(values.shape[1])
    low, middle, high = (values[np.clip(rows + step, 0, len(values) - 1), columns] for step in (-1, 0, 1))
    bend = low - 2 * middle + high
    vertex = np.divide(low - high, 2 * bend, out=np.zeros_like(low), where=bend < -1e-6)
    return np.clip(vertex, -0.5, 0.5).astype(np.float64)
