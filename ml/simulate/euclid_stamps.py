"""Euclid-like stamps in memory: the scene of each class, three dithers of it, and the detector."""

from collections.abc import Callable

import numpy as np

from ml.simulate.atlas_real import log_uniform
from ml.simulate.euclid_sources import (
    EXPTIME,
    PIXEL_SCALE,
    cosmic_ray_charge,
    electrons,
    galaxy_light,
    star_light,
    through_the_optics,
    trail_light,
)
from ml.simulate.full_well import bleed

CLASSES = ("CR", "GALAXY", "STAR", "SSO")
REAL = ("SSO",)
SIZE = 96
DITHERS = 3
DITHER_GAP = 64.0
SKY_ELECTRONS = 130.0
READ_NOISE = 4.5
FULL_WELL = 200_000.0
FAINTEST_SNR = 5.0
PSF_PIXELS = 8.0
COSMIC_RAYS_PER_EXPOSURE = 1.0
NEIGHBOURS = 0.8


def stamps(rng: np.random.Generator, label: np.ndarray, size: int = SIZE) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Render stamps in memory.

    Parameters
    ----------
    rng : numpy Generator
    label : (n,) array of str
        Classes, of `CLASSES`.
    size : int
        Side in pixels.

    Returns
    -------
    pixels : (n, 3, size, size) float32 array
        Electrons, sky included.
    measured : dict of (n,) arrays
        mag (AB), rate (arcsec per hour) and snr (of one exposure); NaN where a class has none.
    """
    n = len(label)
    light = np.zeros((n, DITHERS, size, size), np.float32)
    charge = np.zeros_like(light)
    measured = {key: np.full(n, np.nan) for key in ("mag", "rate", "snr")}
    draw = {"SSO": draw_movers, "STAR": draw_stars, "GALAXY": draw_galaxies}
    for name, paint in draw.items():
        rows = np.flatnonzero(label == name)
        if len(rows):
            light[rows], values = paint(rng, len(rows), size)
            for key, value in values.items():
                measured[key][rows] = value
    rows = np.flatnonzero(label == "CR")
    if len(rows):
        x, y = centres(rng, len(rows), size)
        charge[rows, rng.integers(0, DITHERS, len(rows))] = cosmic_ray_charge(rng, x, y, size)
    add_neighbours(rng, light)
    add_cosmic_rays(rng, charge)
    return expose(rng, through_the_optics(light), charge), measured


def expose(rng: np.random.Generator, light: np.ndarray, charge: np.ndarray) -> np.ndarray:
    """Add sky, photon noise, cosmic rays and read noise, and let full wells bleed."""
    signal = np.maximum(light, 0) + np.float32(SKY_ELECTRONS)
    noise = rng.standard_normal(signal.shape, dtype=np.float32)
    exposed = signal + charge + noise * np.sqrt(signal + np.float32(READ_NOISE**2))
    size = light.shape[-1]
    return bleed(exposed.reshape(-1, size, size), FULL_WELL).reshape(light.shape).astype(np.float32)


def centres(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    """(2, n) places near the middle of the stamp: cut-outs are centred to about a pixel."""
    return (size - 1) / 2 + rng.normal(0, 1.0, (2, n))


def draw_movers(rng: np.random.Generator, n: int, size: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Trails of 10 to 80 arcsec per hour and magnitude 20 to 26, centred in one of the dithers.

    Longer trails are fainter per pixel; what would lie below S/N 5 in one exposure is not in the catalogue.
    """
    rate, angle = rng.uniform(10, 80, n), rng.uniform(0, 2 * np.pi, n)
    pixels_per_second = rate / 3600 / PIXEL_SCALE
    length = pixels_per_second * EXPTIME
    mag = rng.uniform(20, 26, n)
    while (faint := snr_of_trail(mag, length) < FAINTEST_SNR).any():
        mag[faint] = rng.uniform(20, 26, int(faint.sum()))
    x, y = centres(rng, n, size)
    centred = rng.integers(0, DITHERS, n)
    step = pixels_per_second * (EXPTIME + DITHER_GAP)
    dithers = []
    for dither in range(DITHERS):
        moved = (dither - centred) * step
        dithers.append(trail_light(x + moved * np.cos(angle), y + moved * np.sin(angle), length, angle, mag, size))
    return np.stack(dithers, axis=1), {"mag": mag, "rate": rate, "snr": snr_of_trail(mag, length)}


def snr_of_trail(mag: np.ndarray, length: np.ndarray) -> np.ndarray:
    """S/N of a source of `mag` spread over a path of `length` pixels in one exposure: trailing loss."""
    area = PSF_PIXELS + 2.8 * np.asarray(length)
    return electrons(mag) / np.sqrt(electrons(mag) + area * (SKY_ELECTRONS + READ_NOISE**2))


def draw_stars(rng: np.random.Generator, n: int, size: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    mag = 26 - 9 * np.sqrt(rng.random(n))
    return fixed(rng, n, size, lambda x, y: star_light(x, y, mag, size)), {
        "mag": mag,
        "snr": snr_of_trail(mag, np.zeros(n)),
    }


def draw_galaxies(rng: np.random.Generator, n: int, size: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    shape = draw_galaxy_shapes(rng, n, 19.5, 25.0)
    light = fixed(rng, n, size, lambda x, y: galaxy_light(shape, x, y, size))
    return light, {"mag": shape["mag"], "snr": snr_of_trail(shape["mag"], shape["radius"] ** 2)}


def draw_galaxy_shapes(rng: np.random.Generator, n: int, bright: float, faint: float) -> dict[str, np.ndarray]:
    """Half-light radii shrink with brightness as in deep fields; a third of the galaxies have visible arms."""
    mag = bright + (faint - bright) * np.sqrt(rng.random(n))
    radius = 10 ** (-0.12 * (mag - 23.5)) * rng.lognormal(np.log(3.2), 0.35, n)
    return {
        "mag": mag,
        "radius": radius,
        "index": log_uniform(rng, 0.6, 4.0, n),
        "axis_ratio": rng.uniform(0.2, 1.0, n),
        "angle": rng.uniform(0, np.pi, n),
        "bulge": rng.beta(1, 3, n),
        "arms": np.where(rng.random(n) < 0.35, rng.uniform(0.3, 0.9, n), 0.0),
        "winding": rng.uniform(2, 6, n) * rng.choice([-1, 1], n),
    }


def fixed(
    rng: np.random.Generator, n: int, size: int, paint: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Paint the same source in every dither, registered to a fraction of a pixel: (n, 3, size, size)."""
    x, y = centres(rng, n, size)
    shifts = rng.normal(0, 0.15, (DITHERS, 2, n))
    return np.stack([paint(x + dx, y + dy) for dx, dy in shifts], axis=1)


def add_neighbours(rng: np.random.Generator, light: np.ndarray) -> None:
    """Faint galaxies and stars that lie in the stamp by chance."""
    n, _, size, _ = light.shape
    rows = np.repeat(np.arange(n), rng.poisson(NEIGHBOURS, n))
    x, y = rng.uniform(0, size, (2, len(rows)))
    painted = galaxy_light(draw_galaxy_shapes(rng, len(rows), 21.0, 26.5), x, y, size)
    np.add.at(light, rows, painted[:, None])


def add_cosmic_rays(rng: np.random.Generator, charge: np.ndarray) -> None:
    """Hits all over every exposure: what is left once the pipeline has masked most of them."""
    n, dithers, size, _ = charge.shape
    hits = rng.poisson(COSMIC_RAYS_PER_EXPOSURE, n * dithers)
    rows = np.repeat(np.arange(n * dithers), hits)
    x, y = rng.uniform(0, size, (2, len(rows)))
    np.add.at(charge.reshape(-1, size, size), rows, cosmic_ray_charge(rng, x, y, size))
