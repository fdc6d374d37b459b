"""Noise normalisation: pixel values in units of the sky noise, the input of models.

A faint mover then looks the same on every night and in every survey. Everything works on the last two axes (H, W) with
any number of leading axes. NaN marks missing pixels, is left out of all statistics and stays NaN (infinities become
NaN).
"""

import numpy as np

MAD_TO_SIGMA = 1.4826
"""Median absolute deviation to standard deviation, for Gaussian noise."""

_LEAST_NOISE = np.float32(1e-8)  # of the brightest pixel: below it, single precision has no noise to measure
Sky = tuple[np.ndarray, np.ndarray]


def sky(pixels: np.ndarray) -> Sky:
    """Measure the sky: its level and its noise.

    Parameters
    ----------
    pixels
        (…, H, W), any real dtype.

    Returns
    -------
    level, sigma
        (…) float32: the median, and 1.4826 times the median absolute deviation from it. Both are NaN without a finite
        pixel. Sigma is never zero: if half of the pixels are nearly equal (quantised or masked images) it is the
        standard deviation instead, and 1 if that is zero too.

    Notes
    -----
    Large images are sampled on a regular grid of about 32×32 pixels (24 to 47 a side): the standard error of sigma is
    then 3.6 % and that of the level 0.04 sigma, at a tenth of the time.
    """
    values = sampled(pixels)
    values.sort(axis=-1)  # NaN goes last
    count = np.count_nonzero(~np.isnan(values), axis=-1)
    level = _middle(values, count)
    spread = np.abs(values - level[:, None])
    spread.sort(axis=-1)
    sigma = np.float32(MAD_TO_SIGMA) * _middle(spread, count)
    reach = np.nanmax(spread, axis=-1, initial=0)
    flat = (sigma <= _LEAST_NOISE * reach) & (count > 0)
    if flat.any():
        deviation = np.nanstd(values[flat], axis=-1)
        sigma[flat] = np.where(deviation > 0, deviation, 1)
    return level.reshape(pixels.shape[:-2]), sigma.reshape(pixels.shape[:-2])


def linear_noise(pixels: np.ndarray, limit: float | None = None, measured: Sky | None = None) -> np.ndarray:
    """Express pixels in units of the sky noise.

    Parameters
    ----------
    pixels
        (…, H, W).
    limit
        Clip to plus and minus this many sigma.
    measured
        The result of `sky`, if it is not to be measured on these pixels.

    Returns
    -------
    np.ndarray
        (pixels - level) / sigma, float32, the same shape.
    """
    level, sigma = sky(pixels) if measured is None else measured
    out = finite(pixels)
    out -= level[..., None, None]
    out /= sigma[..., None, None]
    return out if limit is None else np.clip(out, -limit, limit, out=out)


def asinh_noise(pixels: np.ndarray, softening: float = 1.0, measured: Sky | None = None) -> np.ndarray:
    """Express pixels in units of the sky noise, compressed above `softening` sigma.

    Parameters
    ----------
    pixels
        (…, H, W).
    softening
        Where the curve bends from linear to logarithmic, in sigma; positive.
    measured
        As for `linear_noise`.

    Returns
    -------
    np.ndarray
        softening · asinh((pixels - level) / (softening · sigma)), float32: values near the sky stay in sigma.

    Raises
    ------
    ValueError
        The softening is not positive.

    References
    ----------
    Lupton, Gunn & Szalay 1999, AJ 118, 1406.
    """
    if softening <= 0:
        raise ValueError(f"softening must be positive, and is {softening}.")
    level, sigma = sky(pixels) if measured is None else measured
    out = finite(pixels)
    out -= level[..., None, None]
    out /= np.float32(softening) * sigma[..., None, None]
    out = quick_asinh(out)
    out *= np.float32(softening)
    return out


def _middle(values: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return the median of the first `count` of sorted `values`, along the last axis; NaN if there are none."""
    last = np.maximum(count - 1, 0)
    halves = np.stack([last // 2, (last + 1) // 2], axis=-1)
    return np.take_along_axis(values, halves, axis=-1).mean(axis=-1)


_CACHED = 65_536  # values whose working copies fit into a core's cache


def quick_asinh(values: np.ndarray) -> np.ndarray:
    """Return asinh of contiguous `values`, in place, by log and sqrt: four times as fast as numpy's arcsinh."""
    flat = values.reshape(-1)
    for start in range(0, flat.size, _CACHED):  # seven passes over memory become one
        part = flat[start : start + _CACHED]
        size = np.abs(part)
        root = np.square(size)
        root += 1
        np.sqrt(root, out=root)
        root += size
        np.log(root, out=root)
        np.copysign(root, part, out=part)
    return values


_SIDE = 32  # pixels of a sample, about: 24 to 47 of what is larger


FILLER = 1e20
"""No pixel measures so much: it is filled, as SExtractor does with -1e30, and others with the largest float."""


def finite(pixels: np.ndarray) -> np.ndarray:
    """Copy to float32, with NaN for everything that is not finite, or a filler."""
    with np.errstate(over="ignore"):
        out = pixels.astype(np.float32, order="C")
    if pixels.dtype.kind == "f" and not (is_measured := np.abs(out) < FILLER).all():
        out[~is_measured] = np.nan
    return out


def sampled_image(pixels: np.ndarray) -> np.ndarray:
    """Return every n-th row and column of each image (…, H, W), as `finite` does."""
    down, across = (max(1, round(side / _SIDE)) for side in pixels.shape[-2:])
    return finite(pixels[..., ::down, ::across])


def sampled(pixels: np.ndarray) -> np.ndarray:
    """Return the sample of each image as one row (n, pixels)."""
    image = sampled_image(pixels)
    return image.reshape(-1, image.shape[-2] * image.shape[-1])
