"""Sources in Euclid's visible camera: trails, stars, galaxies and cosmic rays, in electrons per exposure.

Source: Lieu et al. 2019, MNRAS 485, 5831, section 2.1. Painters work on (n, size, size) stacks, one image per stamp and
dither.
"""

import numpy as np
from scipy import fft

from ml.simulate.rendering.detector import tracks
from ml.simulate.rendering.galaxies import Shape, profile
from ml.simulate.rendering.light import as_cube, split_between_pixels, spray

PIXEL_SCALE = 0.1
EXPTIME = 565.0
ZERO_POINT = 25.6
OVERSAMPLING = 10


def electrons(mag: np.ndarray) -> np.ndarray:
    """Return the electrons from a source of AB magnitude `mag` in one exposure."""
    return EXPTIME * 10 ** (-0.4 * (np.asarray(mag) - ZERO_POINT))


def psf(size: int) -> np.ndarray:
    """Return the point spread function with unit flux, (size, size), centred on pixel size // 2.

    A core of 0.18 arcsec, wings falling as the cube of the distance, and the six spikes of a three-legged spider.
    """
    pixel = np.arange(size) - size // 2
    x, y = np.meshgrid(pixel, pixel)
    distance = np.hypot(x, y)
    core = np.exp(-0.5 * (distance / 0.76) ** 2)
    wing = 0.02 / (1 + (distance / 1.5) ** 2) ** 1.5
    angle = np.arctan2(y, x)
    spikes = 0.0006 * np.cos(3 * angle) ** 40 / (1 + distance / 6) ** 1.5 * (distance > 1)
    light = core + wing + spikes
    return (light / light.sum()).astype(np.float32)


def through_the_optics(light: np.ndarray) -> np.ndarray:
    """Convolve (..., size, size) images with the PSF; light that leaves the stamp is lost."""
    size = light.shape[-1]
    # Light travels at most half a stamp, so half a stamp of padding keeps the far side from receiving it.
    padded = fft.next_fast_len(size + size // 2 + 1, real=True)
    kernel = np.zeros((padded, padded), np.float32)
    kernel[:size, :size] = psf(size)
    kernel = np.roll(kernel, (-(size // 2), -(size // 2)), (0, 1))
    spectrum = fft.rfft2(light, (padded, padded)) * fft.rfft2(kernel)
    return fft.irfft2(spectrum, (padded, padded))[..., :size, :size]


def trail_light(
    x: np.ndarray, y: np.ndarray, length: np.ndarray, angle: np.ndarray, mag: np.ndarray, size: int
) -> np.ndarray:
    """Paint a solar-system object before the PSF: a row of stars, ten per pixel, that share its light.

    Parameters
    ----------
    x, y : (n,) array
        Middle of the trail, in pixels.
    length : (n,) array
        Path during the exposure, in pixels.
    angle : (n,) array
        Radians from +x towards +y.
    mag : (n,) array
        Magnitude of the whole object; each of its N stars has ``mag + 2.5 log10(N)`` (equation 1 of the paper).
    """
    stars = np.maximum(np.ceil(length * OVERSAMPLING), 1).astype(int)
    order = np.arange(stars.max())
    step = (order + 0.5) / stars[:, None] - 0.5
    share = np.where(order < stars[:, None], (electrons(mag) / stars)[:, None], 0.0)
    along = step * length[:, None]
    return split_between_pixels(
        x[:, None] + along * np.cos(angle)[:, None], y[:, None] + along * np.sin(angle)[:, None], share, size
    )


def star_light(x: np.ndarray, y: np.ndarray, mag: np.ndarray, size: int) -> np.ndarray:
    return split_between_pixels(x[:, None], y[:, None], electrons(mag)[:, None], size)


def galaxy_light(shape: Shape, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Paint galaxies before the PSF; `shape` as in `galaxies.profile`, with their `mag`."""
    return as_cube(electrons(shape["mag"])) * profile(shape, x, y, size)


def cosmic_ray_charge(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    """Return one track of charge through each (x, y), in pixels, as electrons (n, size, size)."""
    return spray(*tracks(rng, x, y, longest=size / 2, typical=2500), size)
