"""Inject movers into real stamps, for training subjects: points or trails."""

import numpy as np
from numpy.typing import NDArray

from ml.simulate.rendering.light import point_source, trail

SHORTEST_TRAIL = 0.5
"""Pixels of motion below which a mover is a point."""

MAD_PER_SIGMA = 0.6744897501960817


def inject(
    pixels: NDArray[np.generic],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    snr: NDArray[np.float64] | float,
    fwhm: float,
    length: float = 0.0,
    angle: float = 0.0,
    lit: NDArray[np.bool_] | None = None,
) -> NDArray[np.generic]:
    """Inject one mover into every frame of a subject.

    Raises ValueError: `pixels` does not have four axes, or S/N, width or length are invalid.

    Parameters
    ----------
    pixels : (F, C, H, W) array of any number type
        Frames and channels in the units of the survey's flux. They are not changed.
    x, y : (F,) or (F, C) array
        The mover's position in the middle of each exposure, in pixels, 0 in the centre of the first.
    snr : float or (F,) array
        Signal-to-noise ratio in each frame, above 0: that of a matched filter in white noise, see Notes.
    fwhm : float
        Full width at half maximum of the point spread function, in pixels.
    length : float
        Path during one exposure, in pixels; below `SHORTEST_TRAIL` the mover is a point.
    angle : float
        Direction of the path in radians, from +x towards +y.
    lit : (C,) bool array, optional
        Channels that saw the mover, without a template. All by default.

    Returns
    -------
    (F, C, H, W) array of the same type as `pixels`
        NaN stays NaN; integers are rounded, and kept in the range of their type.

    Notes
    -----
    For a template t of unit flux and a noise of standard deviation s in each pixel, a mover of flux
    ``snr s / sqrt(sum(t^2))`` has the wanted S/N. s is 1.4826 times the median absolute deviation of the image's
    finite pixels; where that is 0 or nothing is finite, nothing is drawn.
    """
    if pixels.ndim != 4:
        raise ValueError(f"pixels must have four axes (F, C, H, W), not the shape {pixels.shape}")
    if not fwhm > 0 or not length >= 0 or not np.all(np.asarray(snr) > 0):
        raise ValueError(f"snr and fwhm must be above 0 and length at least 0, not {snr}, {fwhm} and {length}")
    frames, channels, height, width = pixels.shape
    xs, ys = (np.broadcast_to(_by_channel(place), (frames, channels)) for place in (x, y))
    light = _light(xs.ravel(), ys.ravel(), fwhm, length, angle, max(height, width))[:, :height, :width]
    template = light.reshape(pixels.shape).astype(np.float64)
    power = np.sqrt(np.sum(template**2, axis=(-2, -1)))
    lit_channels = np.ones(channels, bool) if lit is None else np.asarray(lit, bool)
    wanted = np.broadcast_to(np.asarray(snr, float), (frames,))[:, None] * noise_of(pixels) * lit_channels
    flux = np.divide(wanted, power, out=np.zeros_like(power), where=power > 0)
    return _as(pixels.dtype, pixels + flux[..., None, None] * template)


def recentre(pixels: NDArray[np.generic], dx: int, dy: int, rng: np.random.Generator) -> NDArray[np.generic]:
    """Return (F, C, H, W) frames moved by whole pixels, so that what was at (x + dx, y + dy) is at (x, y).

    At the edges comes in sky: each image's own pixels within 3σ of its median, at random, so that no border shows.
    """
    height, width = pixels.shape[-2:]
    moved = _sky_of(pixels, rng)
    to_y, to_x = slice(max(0, -dy), height - max(0, dy)), slice(max(0, -dx), width - max(0, dx))
    from_y, from_x = slice(max(0, dy), height + min(0, dy)), slice(max(0, dx), width + min(0, dx))
    moved[..., to_y, to_x] = pixels[..., from_y, from_x]
    return moved


def _sky_of(pixels: NDArray[np.generic], rng: np.random.Generator) -> NDArray[np.generic]:
    """Return images of sky alone, like (F, C, H, W) images; as they are where nothing is finite."""
    sky, noise = pixels.copy(), noise_of(pixels)
    for place in np.ndindex(noise.shape):
        image = pixels[place].astype(np.float64)
        if np.isfinite(image).any():
            is_sky = np.abs(image - np.nanmedian(image)) <= 3 * noise[place]
            sky[place] = rng.choice(pixels[place][is_sky], image.shape)
    return sky


def noise_of(pixels: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the noise of each image, (F, C): 1.4826 times the median absolute deviation of its finite pixels.

    Parameters
    ----------
    pixels : (F, C, H, W) array

    Returns
    -------
    (F, C) array
        In the units of `pixels`; 0 where nothing is finite.
    """
    flat = pixels.reshape(*pixels.shape[:2], -1).astype(np.float64)
    flat[~np.isfinite(flat)] = np.nan
    known = ~np.all(np.isnan(flat), axis=-1)
    noise = np.zeros(flat.shape[:2])
    middle = np.nanmedian(flat[known], axis=-1, keepdims=True)
    noise[known] = np.nanmedian(np.abs(flat[known] - middle), axis=-1) / MAD_PER_SIGMA
    return noise


def is_empty(pixels: NDArray[np.generic], x: float, y: float, *, radius: float, threshold: float = 5.0) -> bool:
    """Return whether there is no source near a position in any frame or channel of a subject.

    Parameters
    ----------
    pixels : (F, C, H, W) array
    x, y : float
        The place, in pixels.
    radius : float
        Radius of the search, in pixels.
    threshold : float
        Threshold of a source: this many times the noise (`noise_of`) above or below the image's median.

    Returns
    -------
    bool
        False also if a pixel has no value, or the position is outside the image.
    """
    height, width = pixels.shape[-2:]
    down, right = np.mgrid[:height, :width]
    near = np.hypot(right - x, down - y) <= radius
    around = pixels[..., near].astype(np.float64)
    if not around.size or not np.isfinite(around).all():
        return False
    flat = pixels.reshape(*pixels.shape[:2], -1).astype(np.float64)
    flat[~np.isfinite(flat)] = np.nan
    middle = np.nanmedian(flat, axis=-1)[..., None]
    noise = noise_of(pixels)[..., None]
    return bool(np.all(np.abs(around - middle) <= threshold * np.maximum(noise, np.finfo(float).tiny)))


def _by_channel(place: NDArray[np.float64]) -> NDArray[np.float64]:
    place = np.asarray(place, float)
    return place[:, None] if place.ndim == 1 else place


def _light(
    x: NDArray[np.float64], y: NDArray[np.float64], fwhm: float, length: float, angle: float, size: int
) -> NDArray[np.float32]:
    """Return unit-flux pictures of the mover, (n, size, size)."""
    widths = np.full(len(x), fwhm)
    if length < SHORTEST_TRAIL:
        return point_source(x, y, widths, size)
    return trail(x, y, np.full(len(x), length), np.full(len(x), angle), widths, size)


def _as(dtype: np.dtype, values: NDArray[np.float64]) -> NDArray[np.generic]:
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        values = np.clip(np.rint(values), limits.min, limits.max)
    return values.astype(dtype)
