"""Points along a trail's ridge to a fraction of a pixel, with errors: what its shape is measured from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit
from scipy.special import ndtr

from ml.imaging.polyline import arc, length_of
from ml.trails.profile import REACH, along, full_width, snapped_to_ridge, snr_per_pixel, trimmed_to_light

FWHM_TO_SIGMA = 1 / 2.3548
WORST = 0.3  # error of a point across the trail, in units of the trail's sigma
STEP = 12.0  # pixels of the trail for each point
FEWEST, MOST = 5, 17
ROUNDS = 8  # of pieces, the curve through them, and the ends along that curve, two at least
FURTHEST = 24.0  # pixels beyond the outermost pieces, where the light may end
CLEAR = 6.0  # pixels of dark sky that an end needs behind it
FLOOR, END_FLOOR = 0.02, 0.1  # pixels, across and at an end: interpolation and the grid of the pixels leave so much
BOWS = np.arange(-40.0, 41.0, 4.0)  # pixels: how far the middle of an arc through the ends of a line is off it
FAINTEST = 2.0  # S/N per pixel of the ridge: fainter, it is too easily something else
RIDGE_NOISE = 0.6  # of the mean of three interpolated pixels across
LEAST_SNR = 6.0  # of a piece's light, and of the step at an end
TOO_SHORT = "the trail is too short to have a shape"
TOO_FAINT = "the trail is too faint to measure its shape"
NO_END = "an end of the trail does not stand out"
CUT_OFF = "an end of the trail lies outside the image, or nothing was measured there"
Array = NDArray[Any]


@dataclass(frozen=True)
class RidgePoints:
    """Points of a trail, in order; the first and the last are its ends.

    Attributes
    ----------
    points
        (n, 2) pixels, (0, 0) in the centre of the first.
    rms
        (n, 2) errors along and across the trail, pixels; only the ends have one along it, the inner points have NaN.
    """

    points: NDArray[np.float64]
    rms: NDArray[np.float64]


class End(NamedTuple):
    """Where the light ends, in pixels along a curve, and the error."""

    at: float
    rms: float


def ridge_points(noise_units: Array, curve: Array) -> RidgePoints:
    """Measure a trail in an image.

    Parameters
    ----------
    noise_units
        (H, W) image in units of its noise; NaN where nothing was measured is left out.
    curve
        (k, 2) pixels: a detector's curve, within 5 of the trail, or the two ends of a volunteer's line, which may miss
        those of the trail by some 10; the arc through them with the brightest ridge is taken.

    Raises
    ------
    ValueError
        The trail is too faint or too short, or one of its ends is not in the image.

    Notes
    -----
    A Gaussian of the trail's own width is fitted across each of 5 to 17 pieces of it, and a blurred step along the
    ridge at each end, by least squares. A piece's profile is a median, which a star or a cosmic ray on the trail hardly
    moves.
    """
    nearby = curve if len(curve) > 2 else _brightest_arc(noise_units, curve)
    on_ridge = trimmed_to_light(noise_units, snapped_to_ridge(noise_units, nearby))
    for turn in range(ROUNDS):
        inner, sigma = _pieces(noise_units, on_ridge)
        beyond = _cubic(inner)
        ends = [_end(noise_units, side, sigma) for side in (beyond[::-1], beyond)]
        on_ridge = _between(beyond, *(each.at for each in ends))
        if turn and all(np.isfinite(each.rms) for each in ends):
            break
    else:
        raise ValueError(NO_END)
    inner, sigma = _pieces(noise_units, on_ridge)
    points = np.concatenate([on_ridge[:1], inner.points, on_ridge[-1:]])
    wide = max(1.0, sigma)
    rms = np.concatenate([[[ends[0].rms, wide]], inner.rms, [[ends[1].rms, wide]]])
    return RidgePoints(points, rms)


def _brightest_arc(noise_units: Array, line: Array) -> Array:
    """Return the parabola (17, 2) through the ends of a line along which the ridge is brightest."""
    phase = np.linspace(-1, 1, MOST)
    chord = (line[1] - line[0]) / 2
    normal = np.array([chord[1], -chord[0]]) / max(float(np.hypot(*chord)), 1e-9)
    straight = line.mean(0) + phase[:, None] * chord
    arcs = [straight + bow * (1 - phase[:, None] ** 2) * normal for bow in BOWS]
    return max(arcs, key=lambda arc: snr_per_pixel(along(noise_units, arc).across()))


def _pieces(noise_units: Array, curve: Array) -> tuple[RidgePoints, float]:
    """Return a point on the ridge for each piece of a curve, and the trail's sigma in pixels."""
    if length_of(curve) < FEWEST * STEP / 2:
        raise ValueError(TOO_SHORT)
    profile = along(noise_units, curve)
    sigma = full_width(profile.across()) * FWHM_TO_SIGMA
    count = int(np.clip(length_of(curve) / STEP, FEWEST, MOST))
    found, errors = [], []
    for columns in np.array_split(np.arange(profile.values.shape[1]), count):
        values = profile.values[:, columns]
        if np.isnan(values).all(axis=1).any():
            continue
        aside, error = _offset(np.nanmedian(values, axis=1), 1 / np.sqrt(len(columns)), sigma)
        if error < WORST * sigma:
            middle = columns[len(columns) // 2]
            found.append(profile.points[columns].mean(0) + aside * profile.normal[middle])
            errors.append((np.nan, np.hypot(error, FLOOR)))
    if len(found) < FEWEST - 1 or snr_per_pixel(profile.across()) < FAINTEST:
        raise ValueError(TOO_FAINT)
    return RidgePoints(np.array(found), np.array(errors)), sigma


def _cubic(inner: RidgePoints) -> Array:
    """Return a smooth curve (k, 2) through points along a trail and beyond both, about a point per pixel.

    A cubic above the chord; a point beyond 4σ counts no more in a second fit.
    """
    chord = inner.points[-1] - inner.points[0]
    length = float(np.hypot(*chord))
    axes = np.stack([chord, [-chord[1], chord[0]]]) / length
    at, height = axes @ (inner.points - inner.points[0]).T
    weight = 1 / inner.rms[:, 1]
    fit = np.polynomial.Polynomial.fit(at, height, 3, w=weight)
    off = np.abs(height - fit(at)) * weight
    kept = off < max(4.0, float(np.median(off)) * 4)
    if kept.sum() >= FEWEST - 1:
        fit = np.polynomial.Polynomial.fit(at[kept], height[kept], 3, w=weight[kept])
    ahead = np.arange(-FURTHEST, length + FURTHEST + 1)
    return inner.points[0] + np.stack([ahead, fit(ahead)], axis=1) @ axes


def _offset(values: Array, noise: float, sigma: float) -> tuple[float, float]:
    """Return where across the curve the ridge of a profile (2 · REACH + 1,) is, and its error; infinite without one."""
    aside = np.arange(-REACH, REACH + 1.0)

    def ridge(at: Array, height: float, middle: float, sky: float) -> Array:
        return np.asarray(height * np.exp(-(((at - middle) / sigma) ** 2) / 2) + sky)

    height = max(float(values[REACH]), noise)
    bounds = ([0.0, -3.0, -np.inf], [np.inf, 3.0, np.inf])
    return _fitted(ridge, aside, values, (height, 0.0, 0.0), noise, bounds)


def _end(noise_units: Array, beyond: Array, sigma: float) -> End:
    """Return where the light ends before the last point of a curve, as a length along the curve, and its error.

    The error is infinite if the light goes on.
    """
    edge = along(noise_units, beyond)
    at = np.linspace(0, length_of(beyond), len(edge.points))
    last = at > at[-1] - 3 * FURTHEST
    at, values = at[last], edge.values[:, last]
    ridge = values[REACH - 1 : REACH + 2].mean(axis=0) - np.nanmedian(np.concatenate([values[:3], values[-3:]]))
    seen = ~np.isnan(ridge)
    lit = seen & (at < at[-1] - 1.5 * FURTHEST)
    level = max(float(np.median(ridge[lit])), 1e-3) if lit.any() else 1e-3
    bright = np.clip(ridge[seen], -level, 2 * level)  # a star or a cosmic ray near the end is no step

    def light(at: Array, height: float, middle: float) -> Array:
        return np.asarray(height * ndtr((middle - at) / sigma))

    first = min(at[seen], key=lambda middle: float(np.sum((bright - light(at[seen], level, middle)) ** 2)))
    bounds = ([0.7 * level, first - 3.0], [1.4 * level, first + 3.0])
    middle, error = _fitted(light, at[seen], bright, (level, first), RIDGE_NOISE, bounds)
    if not np.isfinite(error):
        raise ValueError(NO_END)
    if at[seen].max() < middle + CLEAR:
        if not seen[-1]:
            raise ValueError(CUT_OFF)
        return End(at[-1], np.inf)
    return End(middle, float(np.hypot(error, END_FLOOR)))


def _between(beyond: Array, back: float, front: float) -> Array:
    """Return the part of a curve between its ends, given as lengths from its last and from its first point."""
    at = arc(beyond)
    inside = np.linspace(at[-1] - back, front, len(beyond))
    return np.stack([np.interp(inside, at, part) for part in beyond.T], axis=1)


def _fitted(
    model: Any, at: Array, values: Array, start: Sequence[float], noise: float, bounds: tuple[list[float], list[float]]
) -> tuple[float, float]:
    """Fit height, middle and perhaps the sky; return the middle and its error, infinite if nothing stands out.

    Where the model fits badly, the error grows by the root of χ² per degree of freedom.
    """
    try:
        found, covariance = curve_fit(
            model, at, values, start, np.full(len(at), noise), absolute_sigma=True, bounds=bounds
        )
    except RuntimeError:
        return 0.0, np.inf
    height, middle = found[:2]
    if not height > LEAST_SNR * np.sqrt(covariance[0, 0]) or middle in (bounds[0][1], bounds[1][1]):
        return 0.0, np.inf
    misfit = np.sum((values - model(at, *found)) ** 2) / noise**2 / (len(at) - len(found))
    return float(middle), float(np.sqrt(covariance[1, 1] * max(1.0, misfit)))
