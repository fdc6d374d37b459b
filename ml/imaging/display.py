"""Display stretches: linear, percentile, zscale, asinh, log and histogram, from pixel values to 0..1.

As in `noise_normalisation`, everything works on the last two axes (H, W) with any number of leading axes, and NaN stays
NaN. `static/classify/stretch.js` implements the same curves in the browser.
"""

from collections.abc import Callable

import numpy as np

from ml.imaging.noise_normalisation import finite, quick_asinh, sampled, sampled_image, sky

_LOG_RANGE = 30.0


def linear(pixels: np.ndarray) -> np.ndarray:
    """Scale from minimum to maximum, 0 to 1, float32."""
    low, high = _limits(finite(pixels), 0.0, 1.0)
    return _between(pixels, low, high)


def percentile(pixels: np.ndarray, low: float = 0.5, high: float = 99.5) -> np.ndarray:
    """Scale between two percentiles of each image, 0 to 1, float32."""
    return _between(pixels, *_limits(sampled_image(pixels), low / 100, high / 100))


def zscale(pixels: np.ndarray, contrast: float = 0.25) -> np.ndarray:
    """Scale as IRAF's zscale does: the sky at mid-grey, 0 to 1, float32.

    A straight line is fitted to the sorted pixels around their median, with outliers rejected, and its slope divided by
    `contrast` gives the displayed range.

    Parameters
    ----------
    pixels
        (…, H, W).
    contrast
        Smaller values show more of the bright end; 0 to 1, excluding zero.

    Raises
    ------
    ValueError
        For another contrast.
    """
    return _between(pixels, *zscale_limits(pixels, contrast))


def asinh(pixels: np.ndarray) -> np.ndarray:
    """Scale linearly near the sky and logarithmically above it, 0 to 1, float32.

    The range is from 2 sigma below the sky to its brightest pixels, at least 10 sigma above; the curve bends at 3
    sigma.
    """
    low, high, sigma = _above_sky(pixels)
    bend = np.float32(3.0) * sigma / np.maximum(high - low, sigma)
    out = _between(pixels, low, high)
    out /= bend[..., None, None]
    out = quick_asinh(out)
    out /= np.arcsinh(1 / bend)[..., None, None]
    return np.clip(out, 0, 1, out=out)


def log(pixels: np.ndarray) -> np.ndarray:
    """Scale logarithmically from 2 sigma below the sky upwards: log(1 + 30 x) / log(31), 0 to 1, float32."""
    low, high, _ = _above_sky(pixels)
    out = _between(pixels, low, high)
    out *= np.float32(_LOG_RANGE)
    np.log1p(out, out=out)
    out /= np.float32(np.log1p(_LOG_RANGE))
    return np.clip(out, 0, 1, out=out)


def histogram(pixels: np.ndarray) -> np.ndarray:
    """Equalise the histogram: each grey for equally many pixels, 0 to 1, float32.

    A value is mapped by its rank among the sampled pixels of its image, (rank - 1/2) / (n - 1), with equal values at
    their mean rank; NaN has no rank and stays NaN.
    """
    image = finite(pixels)
    flat = image.reshape(-1, image.shape[-2] * image.shape[-1])
    for values, sample in zip(flat, sampled(pixels), strict=True):
        ranked = np.sort(sample[~np.isnan(sample)])
        known = ~np.isnan(values)
        values[known] = _rank(ranked, values[known])
    return image


def _rank(ranked: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the rank of `values` among `ranked` ones, 0 to 1; all 0.5 if there is nothing to compare."""
    if ranked.size < 2:
        return np.full(values.shape, 0.5, np.float32)
    middle = (np.searchsorted(ranked, values, "left") + np.searchsorted(ranked, values, "right")) / 2
    return np.clip((middle - 0.5) / (ranked.size - 1), 0, 1).astype(np.float32)


def _above_sky(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the display range, from 2 sigma below the sky, of an image with a dark sky, and sigma."""
    level, sigma = sky(pixels)
    _, bright = _limits(sampled_image(pixels), 0.0, 0.999)
    return level - 2 * sigma, np.maximum(bright, level + 10 * sigma), sigma


STRETCHES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "zscale": zscale,
    "asinh": asinh,
    "linear": linear,
    "log": log,
    "percentile": percentile,
    "histogram": histogram,
}
"""Stretches to choose from, by name."""


def zscale_limits(pixels: np.ndarray, contrast: float = 0.25) -> tuple[np.ndarray, np.ndarray]:
    """Return the values (…) that `zscale` maps to 0 and 1; NaN without a finite pixel. Raises as `zscale`."""
    if not 0 < contrast <= 1:
        raise ValueError(f"contrast must be above 0 and at most 1, and is {contrast}.")
    values = sampled(pixels)
    values.sort(axis=-1)
    limits = np.array([_line_limits(row[~np.isnan(row)], contrast) for row in values], np.float32)
    low, high = limits.T
    return low.reshape(pixels.shape[:-2]), high.reshape(pixels.shape[:-2])


def _line_limits(values: np.ndarray, contrast: float) -> tuple[float, float]:
    """Fit a line to sorted `values` with three-sigma rejection and extrapolate it around the median."""
    if values.size == 0:
        return np.nan, np.nan
    low, high = float(values[0]), float(values[-1])
    rank = np.arange(values.size, dtype=np.float64)
    inliers = np.ones(values.size, bool)
    slope = 0.0
    for _ in range(5):
        if inliers.sum() < max(5, values.size // 2):
            return low, high
        slope, offset = _line(rank[inliers], values[inliers])
        residual = values - (slope * rank + offset)
        still = inliers & (np.abs(residual) <= 2.5 * residual[inliers].std())
        if (still == inliers).all():
            break
        inliers = still
    middle, median = (values.size - 1) / 2, float(np.median(values))
    reach = slope / contrast * (middle + 1)
    return (max(low, median - reach), min(high, median + reach)) if reach > 0 else (low, high)


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    dx = x - x.mean()
    slope = float(dx @ (y - y.mean()) / (dx @ dx))
    return slope, float(y.mean() - slope * x.mean())


def _limits(image: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Return two quantiles of the finite pixels of each image, by the nearest rank."""
    values = image.reshape(*image.shape[:-2], -1)
    values.sort(axis=-1)
    last = np.maximum(np.count_nonzero(~np.isnan(values), axis=-1) - 1, 0)
    ranks = np.stack([np.rint(last * low), np.rint(last * high)], axis=-1).astype(np.intp)
    found = np.take_along_axis(values, ranks, axis=-1)
    return found[..., 0], found[..., 1]


def _between(pixels: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Scale linearly so that `low` is 0 and `high` is 1, clipped; if they are equal, all is 0.5."""
    out = finite(pixels)
    width = np.asarray(high - low)[..., None, None]
    flat = width <= 0
    out -= np.asarray(low)[..., None, None]
    with np.errstate(over="ignore"):  # beyond the range is 0 or 1 anyhow
        out /= np.where(flat, 1, width)
    if flat.any():
        out = np.where(flat & ~np.isnan(out), np.float32(0.5), out)
    return np.clip(out, 0, 1, out=out)
