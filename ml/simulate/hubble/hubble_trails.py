"""Trails in a Hubble exposure: asteroids curved by the orbit's parallax, and satellites from edge to edge."""

from dataclasses import dataclass

import numpy as np

from ml.simulate.hubble.optics import MARGIN, PIXEL_SCALE, line_peak, magnitude, sky_noise
from ml.simulate.hubble.orbit import Pointing, track
from ml.simulate.hubble.truth import SkyObject, visible_part
from ml.simulate.rendering.light import split_between_pixels
from ml.simulate.rendering.log_uniform import log_uniform, log_uniform_scalar

FAINTEST_SNR, BRIGHTEST_SNR = 1.5, 30.0
SHORTEST = 15.0
STEPS_PER_PIXEL = 5


@dataclass(frozen=True)
class Mover:
    """One object: rate in arcsec per hour, angle in radians, distance in au, and its peak S/N per pixel."""

    rate: float
    angle: float
    distance: float
    snr: float


def draw_mover(rng: np.random.Generator) -> Mover:
    """Draw an object: nine in ten main-belt, at 1.1 to 2.8 au and about 30 arcsec per hour, else Trojan or near-Earth.

    The S/N per pixel is log-uniform from 1.5 to 30: three in four are above 3.
    """
    population = rng.random()
    if population < 0.9:
        distance, rate = rng.uniform(1.1, 2.8), rng.lognormal(np.log(28), 0.35)
    elif population < 0.94:
        distance, rate = rng.uniform(4.2, 5.5), rng.normal(17, 3)
    else:
        distance, rate = log_uniform(rng, 0.1, 1.0, 1)[0], log_uniform(rng, 50, 300, 1)[0]
    # Motion follows the ecliptic within an orbit's inclination, rotated by the field's roll.
    angle = np.pi / 2 * rng.choice([-1, 1]) + rng.normal(0.0, 0.45)
    return Mover(float(rate), float(angle), float(distance), log_uniform_scalar(rng, FAINTEST_SNR, BRIGHTEST_SNR))


def add_asteroid(
    rng: np.random.Generator, scene: np.ndarray, pointing: Pointing, exptime: float, mover: Mover
) -> SkyObject | None:
    """Paint one trail into a scene before the PSF, and annotate its visible part.

    Parameters
    ----------
    rng : numpy Generator
    scene : (size + 2 MARGIN, same) array of electrons
        Changed in place.
    pointing : Pointing
    exptime : float
        Seconds.
    mover : Mover

    Returns
    -------
    Thing or None
        None, with nothing painted, if less than `SHORTEST` pixels of the trail would be inside the cutout.

    Notes
    -----
    The object moves at a constant rate along its path, and rotates: a sine of up to 0.3 mag and 3 to 12 hours. A trail
    of flux F over L pixels has a ridge of ``line_peak F / L``; that is its S/N times the sky noise.
    """
    size = scene.shape[0] - 2 * MARGIN
    x, y = place_on_detector(rng, path(pointing, exptime, mover), size)
    curve = visible_part(x, y, size)
    if len(curve) < 2 or np.hypot(*np.diff(curve, axis=0).T).sum() < SHORTEST:
        return None
    length = np.hypot(np.diff(x), np.diff(y)).sum()
    charge = mover.snr * sky_noise(exptime) * length / line_peak()
    fraction = light_curve(rng, np.linspace(0, exptime, len(x)))
    canvas = split_between_pixels(
        x[None] + MARGIN, y[None] + MARGIN, charge * fraction[None] / fraction.sum(), len(scene)
    )
    scene += canvas[0]
    mag = float(magnitude(charge, exptime))
    known = {"snr": mover.snr, "mag": mag, "rate": mover.rate, "distance": mover.distance, "length": float(length)}
    return SkyObject("ASTEROID", curve, numbers=known)


def path(pointing: Pointing, exptime: float, mover: Mover) -> np.ndarray:
    """Return the trail's samples (2, k), evenly spaced in time, several per pixel."""
    motion = {"rate": mover.rate, "angle": mover.angle, "distance": mover.distance, "scale": PIXEL_SCALE}
    coarse = track(pointing, np.linspace(-exptime / 2, exptime / 2, 65), **motion)
    fastest = 64 * np.hypot(*np.diff(coarse)).max()
    samples = max(int(fastest * STEPS_PER_PIXEL), 65)
    return track(pointing, np.linspace(-exptime / 2, exptime / 2, samples), **motion)


def place_on_detector(rng: np.random.Generator, samples: np.ndarray, size: int) -> np.ndarray:
    """Put a random moment of the path at a random position of the cutout."""
    moment = rng.integers(samples.shape[1])
    return samples - samples[:, moment, None] + rng.uniform(0, size, (2, 1))


def light_curve(rng: np.random.Generator, seconds: np.ndarray) -> np.ndarray:
    """Return the relative flux (T,) at `seconds` (T,).

    It is sinusoidal, up to 0.3 mag from peak to peak, with two maxima in each rotation of 3 to 12 h.
    """
    period, phase, amplitude = rng.uniform(3, 12) * 3600, rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.3)
    return 10 ** (-0.4 * amplitude * np.sin(2 * np.pi * seconds / (period / 2) + phase) / 2)


def add_satellite(rng: np.random.Generator, image: np.ndarray, exptime: float) -> SkyObject | None:
    """Draw a satellite from edge to edge: straight, wide, and more out of focus the nearer it passes.

    The defocused pupil is a ring, so a wide trail is brighter along its two sides. Returns None if the random line
    misses the cutout.
    """
    size = len(image)
    angle, offset = rng.uniform(0, np.pi), rng.uniform(-0.4, 0.4) * size
    half_width, snr = log_uniform(rng, 1.5, 14, 1)[0], log_uniform(rng, 2, 100, 1)[0]
    middle = (size - 1) / 2
    steps = np.arange(-size, size, 0.5)
    curve = visible_part(
        middle + offset * np.cos(angle) - steps * np.sin(angle),
        middle + offset * np.sin(angle) + steps * np.cos(angle),
        size,
    )
    if len(curve) < 2:
        return None
    pixel = np.arange(size, dtype=np.float32) - np.float32(middle)
    across = (
        pixel[None, :] * np.float32(np.cos(angle)) + pixel[:, None] * np.float32(np.sin(angle)) - np.float32(offset)
    )
    image += np.interp(across, *blurred_pupil(half_width)).astype(np.float32) * np.float32(snr * sky_noise(exptime))
    return SkyObject("SATELLITE", curve, width=half_width + 3, numbers={"snr": snr, "width": 2 * half_width})


def blurred_pupil(half_width: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the profile across a satellite's trail: distance from its centre in pixels, and brightness, at most 1."""
    at = np.linspace(-half_width - 6, half_width + 6, 241)
    rim = np.exp(-0.5 * ((np.abs(at) - half_width * 0.85) / (0.12 * half_width + 0.8)) ** 2)
    inside = 1 / (1 + np.exp((np.abs(at) - half_width) / 0.5))
    profile = inside * (0.7 + 0.3 * rim)
    profile -= profile[0]
    return at, profile / profile.max()
