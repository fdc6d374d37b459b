"""Detector effects of Euclid: ghosts, sky, noise, cosmic rays, bleeding, charge trailing and gaps."""

import numpy as np

from ml.simulate.rendering.detector_effects import bleed, tracks
from ml.simulate.rendering.light import as_cube, axes, spray_onto
from ml.simulate.rendering.log_uniform import log_uniform

SKY_ELECTRONS = 130.0
READ_NOISE = 4.5
DARK_ELECTRONS = 0.6
FULL_WELL = 200_000.0
COSMIC_RAYS_PER_EXPOSURE = 1.0
GHOSTS = 0.05
TRAILED = 0.01
GAPS = 0.04
SEEN_BEYOND_GAP = 0.15


def read_out(rng: np.random.Generator, light: np.ndarray, charge: np.ndarray) -> np.ndarray:
    """Simulate the readout of exposures.

    Parameters
    ----------
    rng : numpy Generator
    light : (n, dithers, size, size) array of electrons
        Light after the optics; changed in place.
    charge : same shape
        Cosmic rays, which bypass optics and shutter.

    Returns
    -------
    (n, dithers, size, size) float32 array
        Electrons above the bias: light, sky and dark current with their noise, full wells bled along the columns, a
        hundredth of each pixel trailing behind it to +y.
    """
    signal = np.maximum(light, 0, out=light)
    signal += np.float32(SKY_ELECTRONS + DARK_ELECTRONS)
    exposed = rng.standard_normal(signal.shape, dtype=np.float32)
    exposed *= np.sqrt(signal + np.float32(READ_NOISE**2))
    exposed += signal
    exposed += charge
    size = light.shape[-1]
    return trailing(bleed(exposed.reshape(-1, size, size), FULL_WELL).reshape(light.shape))


def trailing(image: np.ndarray) -> np.ndarray:
    """Simulate charge transfer inefficiency: traps hold a hundredth of the charge and release it over two rows."""
    trailed = image * np.float32(1 - TRAILED)
    for rows, fraction in enumerate((0.7, 0.3), 1):
        weight = np.float32(TRAILED * fraction)
        trailed[..., rows:, :] += weight * image[..., :-rows, :]
        trailed[..., :rows, :] += weight * image[..., :rows, :]  # charge from below the stamp: assumed similar
    return trailed


def add_ghosts(rng: np.random.Generator, light: np.ndarray) -> None:
    """Add reflections of bright stars elsewhere: faint rings out of focus, in the same place in every dither."""
    size = light.shape[-1]
    rows = np.flatnonzero(rng.random(len(light)) < GHOSTS)
    outer = rng.uniform(18, 45, len(rows))
    inner = outer * rng.uniform(0.3, 0.6, len(rows))
    x, y = rng.uniform(0, size, (2, len(rows)))
    dx, dy = axes(x, y, size)
    distance = np.hypot(dx, dy)
    ring = soft_step(outer, distance) * (1 - soft_step(inner, distance))
    light[rows] += (as_cube(log_uniform(rng, 2, 20, len(rows))) * ring).astype(np.float32)[:, None]


def soft_step(edge: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Return 1 within the edge and 0 beyond, over about two pixels."""
    return 1 / (1 + np.exp(np.clip(distance - edge[:, None, None], -30, 30)))


def add_hits(rng: np.random.Generator, charge: np.ndarray) -> None:
    """Add cosmic-ray hits to every exposure: those that survive the pipeline's masks."""
    n, dithers, size, _ = charge.shape
    hits = rng.poisson(COSMIC_RAYS_PER_EXPOSURE * size**2 / 96**2, n * dithers)
    image = np.repeat(np.arange(n * dithers), hits)
    x, y, drops = tracks(rng, *rng.uniform(0, size, (2, len(image))), longest=size / 2, typical=2500)
    spray_onto(charge.reshape(-1, size, size), image, x, y, drops)


def open_gaps(rng: np.random.Generator, pixels: np.ndarray, centred: np.ndarray) -> None:
    """Blank pixels beyond the edge of a detector, in one dither in twenty-five.

    The object itself is seen in its own dither `centred` (n,), and every dither keeps a strip.
    """
    n, dithers, size, _ = pixels.shape
    for row, dither in zip(*np.nonzero(rng.random((n, dithers)) < GAPS), strict=True):
        least = 0.7 if dither == centred[row] else SEEN_BEYOND_GAP
        rows_kept = int(size * rng.uniform(least, 1.0))
        np.rot90(pixels[row, dither], int(rng.integers(4)))[rows_kept:] = np.nan
