"""The static TESS sky: stars, variables, jitter, straps and scattered light."""

import numpy as np

from ml.io.mjd import DAY
from ml.simulate.rendering.detector_effects import bleed, tracks
from ml.simulate.rendering.light import spray_onto
from ml.simulate.rendering.log_uniform import log_uniform
from ml.simulate.rendering.psf_table import paint_points
from ml.simulate.tess.camera import BORDER, DUTY, FULL_WELL, Psf, flux, through_psf

FAINTEST_STAR = 17.5
DENSITY = (150, 1500)
"""Stars down to `FAINTEST_STAR` in 64 x 64 pixels, from high galactic latitude to low; log-uniform."""
BRIGHT_STAR_CHANCE = 0.15
VARIABLE = 0.03
LARGEST_TAYLOR_SHIFT = 0.06
HITS_PER_MEGAPIXEL = 150
QUIET, GLARE, GLARING = (0.3, 5.0), (5.0, 300.0), 0.3


def stars(
    rng: np.random.Generator, psf: Psf, table: np.ndarray, shape: tuple[int, int, int], cadence: float
) -> np.ndarray:
    """Paint all stars over all frames, (frames, size, size) electrons per second, before straps and noise.

    One cube in seven has a star of 4th to 7th magnitude that saturates and bleeds along the column.
    """
    frames, size, _ = shape
    count = rng.poisson(log_uniform(rng, *DENSITY, 1)[0] * ((size + 2 * BORDER) / 64) ** 2)
    mag = np.maximum(FAINTEST_STAR + np.log10(np.maximum(rng.random(count), 1e-6)) / 0.28, 7.0)
    if rng.random() < BRIGHT_STAR_CHANCE:
        mag = np.append(mag, rng.uniform(4.5, 7.0))
    x, y = rng.uniform(-BORDER, size + BORDER, (2, len(mag)))
    light = flux(mag)
    cube = jittered_field(psf, x, y, light, jitter(rng, frames, cadence), size)
    vary = np.flatnonzero(rng.random(len(mag)) < VARIABLE)
    if len(vary):
        still = paint_points(table, np.arange(len(vary)), x[vary], y[vary], light[vary], (len(vary), size, size))
        change = variations(rng, len(vary), frames, cadence)
        cube += np.tensordot(change.T.astype(np.float32), still, 1)
    return bleed(np.maximum(cube, 0), FULL_WELL)


def jittered_field(
    psf: Psf, x: np.ndarray, y: np.ndarray, light: np.ndarray, shift: np.ndarray, size: int
) -> np.ndarray:
    """Shift a field by (2, frames) pixels: linearly if the shifts are small, else by repainting."""
    image, by_x, by_y = through_psf(psf, x[None], y[None], light[None], size)[0]
    cube = image + shift[0][:, None, None] * by_x + shift[1][:, None, None] * by_y
    for frame in np.flatnonzero(np.hypot(*shift) > LARGEST_TAYLOR_SHIFT):
        moved = through_psf(psf, x[None] + shift[0, frame], y[None] + shift[1, frame], light[None], size)
        cube[frame] = moved[0, 0]
    return cube.astype(np.float32)


def jitter(rng: np.random.Generator, frames: int, cadence: float) -> np.ndarray:
    """Draw shifts of the whole field, (2, frames) pixels, of mean 0.

    A random walk that returns within hours, a drift of up to 0.03 pixels a day, and in one cube of five a momentum
    dump: a jump of about a third of a pixel that lasts two frames.
    """
    memory = np.exp(-cadence / 7200)
    kick = rng.normal(0, log_uniform(rng, 0.001, 0.008, 1)[0], (2, frames))
    walk = np.zeros((2, frames))
    for frame in range(1, frames):
        walk[:, frame] = memory * walk[:, frame - 1] + kick[:, frame]
    days = (np.arange(frames) - frames / 2) * cadence / DAY
    walk += rng.uniform(-0.03, 0.03, (2, 1)) * days
    if rng.random() < 0.2:
        at = int(rng.integers(frames))
        decay = np.array([1.0, 0.4])[: frames - at]
        walk[:, at : at + 2] += rng.normal(0, 0.3, (2, 1)) * decay
    return walk - walk.mean(axis=1, keepdims=True)


def variations(rng: np.random.Generator, n: int, frames: int, cadence: float) -> np.ndarray:
    """Draw relative changes of n variable stars, (n, frames): pulsators, eclipses and, one in ten, flares."""
    hours = np.arange(frames) * cadence / 3600
    period = log_uniform(rng, 2, 200, (n, 1))
    phase = (hours / period + rng.random((n, 1))) % 1
    depth = log_uniform(rng, 0.005, 0.4, (n, 1))
    wave = depth * np.sin(2 * np.pi * phase)
    dip = -depth * (np.abs(phase - 0.5) < rng.uniform(0.02, 0.1, (n, 1)))
    since = hours - rng.uniform(0, max(hours[-1], 1e-9), (n, 1))
    flare = 2 * depth * np.exp(-np.maximum(since, 0) / 1.0) * (since >= 0)
    return np.choose(rng.choice(3, (n, 1), p=[0.55, 0.35, 0.1]), [wave, dip, flare])


def background(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Draw zodiacal light and variable scattered light from Earth and Moon, brighter on strap columns.

    Returns
    -------
    (frames, size, size) float32 array of electrons per second
        60 to 150 of zodiacal light; scattered light of 0.3 to 5, in three cubes of ten of 5 to 300, log-uniform, as a
        ramp or a hump over time with a rotating gradient over the field.
    """
    frames, size, _ = shape
    time = np.linspace(-1, 1, frames)[:, None, None]
    y, x = np.meshgrid(*[np.linspace(-0.5, 0.5, size)] * 2, indexing="ij")
    strength = log_uniform(rng, *(GLARE if rng.random() < GLARING else QUIET), 1)[0]
    when, width = rng.uniform(-1.5, 1.5), rng.uniform(0.3, 1.5)
    if rng.random() < 0.5:
        course = np.exp(np.clip((time - 1) / width, -30, 0) * 2)[:: rng.choice([-1, 1])]
    else:
        course = np.exp(-0.5 * ((time - when) / width) ** 2)
    turn, tilt = rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.5) * time, rng.uniform(0, 0.6)
    slope = 1 + tilt * (x * np.cos(turn) + y * np.sin(turn)) + rng.normal(0, 0.2) * (x**2 + y**2)
    light = rng.uniform(60, 150) + strength * course * slope
    return (light * straps(rng, size)).astype(np.float32)


def straps(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return each column's gain for the background, (size,): metal behind the silicon reflects infrared light."""
    gain = np.ones(size)
    for _ in range(rng.poisson(0.6 * size / 64)):
        first, wide = int(rng.integers(size)), int(rng.integers(1, 5))
        gain[first : first + wide] += rng.uniform(0.01, 0.12)
    return gain


def cosmic_rays(rng: np.random.Generator, shape: tuple[int, int, int], cadence: float) -> np.ndarray:
    """Draw the hits that survive on-board mitigation, spread over the exposure: electrons per second."""
    frames, height, width = shape
    side = max(height, width)
    hits = rng.poisson(HITS_PER_MEGAPIXEL * frames * side**2 / 1e6 * cadence / 1800)
    x, y, charge = tracks(rng, *rng.uniform(0, side, (2, hits)), longest=12, typical=2000)
    images = np.zeros((frames, side, side), np.float32)
    spray_onto(images, rng.integers(0, frames, hits), x, y, charge / (DUTY * cadence))
    return images[:, :height, :width]
