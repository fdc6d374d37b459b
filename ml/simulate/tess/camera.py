"""TESS's camera: magnitudes, point spread function, noise and full wells."""

from dataclasses import dataclass

import numpy as np
from scipy import fft

from ml.simulate.rendering.light import FWHM_PER_SIGMA, split_between_pixels

PIXEL_SCALE = 21.0
ZERO_POINT = 20.44
V_MINUS_T = 0.6
DUTY = 0.792
READ_NOISE = 10.0
SUBEXPOSURE = 1.98
FULL_WELL = 2e5 / SUBEXPOSURE
OVERSAMPLING = 4
BORDER = 8
"""Pixels painted around the cube, for the light of stars beyond its edge."""


def flux(t_mag: np.ndarray | float) -> np.ndarray:
    """Return electrons per second of a source of TESS magnitude `t_mag`: 15,000 at 10 (Ricker et al. 2015)."""
    return 10 ** (-0.4 * (np.asarray(t_mag, np.float64) - ZERO_POINT))


def read_noise(cadence: float) -> float:
    """Return the read noise in electrons per second of a frame of `cadence` seconds, summed from two-second reads."""
    exposed = DUTY * cadence
    return float(READ_NOISE * np.sqrt(exposed / SUBEXPOSURE) / exposed)


@dataclass(frozen=True)
class Psf:
    """A Gaussian core, elongated away from the centre of the field, and wings three times as wide.

    fwhm, longer : along the short and the long axis, in pixels.
    angle : of the long axis, radians from +x towards +y.
    """

    fwhm: float
    longer: float
    angle: float

    def covariance(self) -> np.ndarray:
        """Return the core's (2, 2) covariance in (x, y), pixels squared."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        turn = np.array([[cos, -sin], [sin, cos]])
        return turn @ np.diag([self.longer**2, self.fwhm**2]) @ turn.T / FWHM_PER_SIGMA**2

    def spectrum(self, frequency_x: np.ndarray, frequency_y: np.ndarray) -> np.ndarray:
        """Return the Fourier transform at frequencies in cycles per pixel, including the pixel's own square."""
        (xx, xy), (_, yy) = self.covariance()
        power = 2 * np.pi**2 * (xx * frequency_x**2 + 2 * xy * frequency_x * frequency_y + yy * frequency_y**2)
        square = np.sinc(frequency_x) * np.sinc(frequency_y)
        return (0.85 * np.exp(-power) + 0.15 * np.exp(-9 * power)) * square


def draw_psf(rng: np.random.Generator) -> Psf:
    """Draw a core with a FWHM of 1.3 to 1.7 pixels, up to half as long again in a random direction."""
    fwhm = rng.uniform(1.3, 1.7)
    return Psf(fwhm, fwhm * rng.uniform(1.0, 1.5), rng.uniform(0, np.pi))


def through_psf(psf: Psf, x: np.ndarray, y: np.ndarray, light: np.ndarray, size: int) -> np.ndarray:
    """Paint point sources as the pixels see them, and their derivatives under shifts of the field.

    Parameters
    ----------
    psf : Psf
    x, y, light : (n, k) arrays
        n images of k points: positions in pixels (0 in the centre of the first) and the flux of each point.
    size : int
        Side of the images.

    Returns
    -------
    (n, 3, size, size) float32 array
        The image, and its derivatives with respect to shifts of the sources to +x and to +y.
    """
    side = (size + 2 * BORDER) * OVERSAMPLING
    first = BORDER + 0.5
    fine = split_between_pixels((x + first) * OVERSAMPLING - 0.5, (y + first) * OVERSAMPLING - 0.5, light, side)
    down = fft.fftfreq(side, 1 / OVERSAMPLING).astype(np.float32)[:, None]
    right = fft.rfftfreq(side, 1 / OVERSAMPLING).astype(np.float32)[None]
    spectrum = fft.rfft2(fine) * psf.spectrum(right, down).astype(np.float32)
    # A pixel's centre is between two fine ones, half a fine pixel before the sample.
    middle = np.exp(-1j * np.pi * (right + down) / OVERSAMPLING).astype(np.complex64)
    slopes = np.stack([np.ones_like(right + down), -2j * np.pi * right + 0 * down, -2j * np.pi * down + 0 * right])
    stack = fft.irfft2(spectrum[:, None] * (slopes * middle).astype(np.complex64), (side, side))
    read = slice(BORDER * OVERSAMPLING + OVERSAMPLING // 2, -BORDER * OVERSAMPLING, OVERSAMPLING)
    return (stack[..., read, read] * OVERSAMPLING**2).astype(np.float32)
