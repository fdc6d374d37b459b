"""Hubble's camera: zero point, noise, and a point spread function with its four diffraction spikes."""

from functools import lru_cache

import numpy as np
from scipy import fft

PIXEL_SCALE = 0.05
ZERO_POINT = 26.5
SKY_RATE = 0.11
READ_NOISE = 4.4
FULL_WELL = 80_000.0
MARGIN = 192
"""Pixels painted around the cutout, for the spikes of stars beyond its edge."""


def electrons(mag: np.ndarray | float, exptime: float) -> np.ndarray:
    """Return the electrons from a source of AB magnitude `mag` in `exptime` seconds."""
    return exptime * 10 ** (-0.4 * (np.asarray(mag) - ZERO_POINT))


def magnitude(charge: np.ndarray | float, exptime: float) -> np.ndarray:
    """Invert `electrons`."""
    return ZERO_POINT - 2.5 * np.log10(np.asarray(charge) / exptime)


def sky_noise(exptime: float) -> float:
    """Return the standard deviation of an empty pixel, in electrons."""
    return float(np.sqrt(SKY_RATE * exptime + READ_NOISE**2))


@lru_cache(maxsize=1)
def hubble_psf() -> np.ndarray:
    """Return the point spread function with unit flux, (2 MARGIN + 1, 2 MARGIN + 1) float32, its peak in the centre.

    A core of 0.1 arcsec, the first Airy ring, a halo falling as the cube of the distance, and the spikes of the four
    struts at 45 degrees to the detector. It fades out smoothly before `MARGIN`.
    """
    pixel = np.arange(-MARGIN, MARGIN + 1, dtype=np.float64)
    x, y = np.meshgrid(pixel, pixel)
    distance = np.hypot(x, y)
    core = np.exp(-0.5 * (distance / 0.88) ** 2)
    ring = 0.012 * np.exp(-0.5 * ((distance - 4.0) / 0.9) ** 2)
    halo = 0.012 / (1 + (distance / 2.2) ** 2) ** 1.5
    spikes = sum(spike(along, across) for along, across in ((x + y, x - y), (x - y, x + y)))
    light = (core + ring + halo + spikes) * np.clip((MARGIN - distance) / 40, 0, 1)
    return (light / light.sum()).astype(np.float32)


def spike(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Draw a line both ways from the star, narrow and slowly fading, modulated by the Airy rings."""
    along, across = np.abs(along) / np.sqrt(2), across / np.sqrt(2)
    beat = 0.75 + 0.25 * np.cos(along / 2.1)
    return 0.003 * beat * np.exp(-0.5 * (across / 0.9) ** 2) / (1 + along / 14) ** 1.6 * (along > 2)


def spike_reach(star: np.ndarray, noise: float) -> np.ndarray:
    """Return how far a star's spikes stay above `noise`, in pixels; 0 if they never do."""
    middle = hubble_psf().shape[0] // 2
    steps = np.arange(3, MARGIN)
    profile = hubble_psf()[
        middle + np.rint(steps / np.sqrt(2)).astype(int), middle + np.rint(steps / np.sqrt(2)).astype(int)
    ]
    above = np.asarray(star, np.float64).reshape(-1, 1) * profile > noise
    return np.where(above.any(axis=1), MARGIN - 1 - np.argmax(above[:, ::-1], axis=1), 0)


def line_peak() -> float:
    """Return the fraction of a long trail's light per pixel of length that falls on its ridge pixels."""
    return float(hubble_psf().sum(axis=0).max())


def convolve_scene(light: np.ndarray) -> np.ndarray:
    """Convolve a scene (size + 2 MARGIN, same) with the PSF and crop the centre (size, size)."""
    side = light.shape[0]
    padded = fft.next_fast_len(side, real=True)
    spectrum = fft.rfft2(light, (padded, padded), workers=1)
    spectrum *= kernel_spectrum(padded)
    convolved = fft.irfft2(spectrum, (padded, padded), workers=1, overwrite_x=True)
    return np.maximum(convolved[MARGIN : side - MARGIN, MARGIN : side - MARGIN], 0)


@lru_cache(maxsize=2)
def kernel_spectrum(side: int) -> np.ndarray:
    kernel = np.zeros((side, side), np.float32)
    kernel[: 2 * MARGIN + 1, : 2 * MARGIN + 1] = hubble_psf()
    return fft.rfft2(np.roll(kernel, (-MARGIN, -MARGIN), (0, 1)))
