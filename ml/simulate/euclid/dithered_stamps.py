"""Euclid-like stamps in memory: the scene of each class, its dithers, and the detector."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ml.simulate.euclid.euclid_readout import READ_NOISE, SKY_ELECTRONS, add_ghosts, add_hits, open_gaps, read_out
from ml.simulate.euclid.sources import (
    EXPTIME,
    PIXEL_SCALE,
    convolve_stamps,
    cosmic_ray_charge,
    electrons_per_exposure,
    galaxy_light,
    star_light,
    trail_light,
)
from ml.simulate.euclid.stamp_sizes import CANVAS, cut_to_size, draw_sides, star_reach
from ml.simulate.rendering.log_uniform import log_uniform

CLASSES = ("CR", "GALAXY", "STAR", "SSO")
REAL = ("SSO",)
SIZE = 96
DITHERS = 3
DITHER_GAP = 64.0
RATES = (10.0, 80.0)
FAINTEST_SNR = 5.0
PSF_PIXELS = 8.0
NEIGHBOURS = 0.8
NEIGHBOUR_WINDOW = 64

Measured = dict[str, np.ndarray]


class Range(NamedTuple):
    """The moving objects in a catalogue: rates in arcsec per hour, and the minimum S/N in one exposure."""

    slowest: float
    fastest: float
    least_snr: float


def dithered_stamps(
    rng: np.random.Generator,
    label: np.ndarray,
    size: int = SIZE,
    *,
    dithers: int = DITHERS,
    rates: tuple[float, float] = RATES,
    least_snr: float = FAINTEST_SNR,
    whole: bool = False,
) -> tuple[np.ndarray, Measured]:
    """Render stamps in memory.

    Parameters
    ----------
    rng : numpy Generator
    label : (n,) array of str
        Classes, of `CLASSES`.
    size : int
        Side in pixels.
    dithers : int from 1 to 4
        Exposures of each, in order; a moving object is centred in one of them.
    rates : pair of floats
        Slowest and fastest object, in arcsec per hour.
    least_snr : float
        Minimum S/N in one exposure of a moving object in the catalogue.
    whole : bool
        Cut each stamp as large as its object and a padding of 65 ± 5 pixels, and bring it to `size`; else every
        stamp is `size` pixels of the sky.

    Returns
    -------
    pixels : (n, dithers, size, size) float32 array
        Electrons, sky included; NaN beyond the edge of a detector.
    measured : dict of (n,) arrays
        mag (AB), rate (arcsec per hour) and snr (of one exposure), NaN where a class has none; scale (arcsec per
        pixel).
    """
    n, field = len(label), CANVAS if whole else size
    light = np.zeros((n, dithers, field, field), np.float32)
    charge = np.zeros_like(light)
    measured = {key: np.full(n, np.nan) for key in ("mag", "rate", "snr")} | {"extent": np.zeros(n)}
    centred = rng.integers(0, dithers, n)
    for name, paint in (("SSO", draw_sso), ("STAR", draw_stars), ("GALAXY", draw_galaxies)):
        rows = np.flatnonzero(label == name)
        if len(rows):
            light[rows], values = paint(rng, centred[rows], dithers, field, Range(*rates, least_snr))
            for key, value in values.items():
                measured[key][rows] = value
    rows = np.flatnonzero(label == "CR")
    if len(rows):
        x, y = centres(rng, len(rows), field)
        ray = cosmic_ray_charge(rng, x, y, field)
        charge[rows, centred[rows]] = ray
        measured["extent"][rows] = np.sqrt((ray > 0).sum(axis=(1, 2)))
    add_neighbours(rng, light)
    add_hits(rng, charge)
    exposures = convolve_stamps(light)
    add_ghosts(rng, exposures)
    pixels, side = read_out(rng, exposures, charge), np.full(n, size)
    if whole:
        side = draw_sides(rng, measured["extent"])
        pixels = cut_to_size(pixels, side, size)
    open_gaps(rng, pixels, centred)
    del measured["extent"]
    return pixels, measured | {"scale": PIXEL_SCALE * side / size}


def centres(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    """Return positions (2, n) near the centre of the stamp: cutouts are centred to about a pixel."""
    return (size - 1) / 2 + rng.normal(0, 1.0, (2, n))


def draw_sso(
    rng: np.random.Generator, centred: np.ndarray, dithers: int, size: int, asked: Range
) -> tuple[np.ndarray, Measured]:
    """Draw trails of magnitude 20 to 26, with uniform rates, each centred in one of the dithers.

    Longer trails are fainter per pixel; objects below the minimum S/N in one exposure are not in the catalogue.
    """
    n = len(centred)
    rate, angle = rng.uniform(asked.slowest, asked.fastest, n), rng.uniform(0, 2 * np.pi, n)
    pixels_per_second = rate / 3600 / PIXEL_SCALE
    length = pixels_per_second * EXPTIME
    mag = rng.uniform(20, 26, n)
    while (faint := snr_of_trail(mag, length) < asked.least_snr).any():
        mag[faint] = rng.uniform(20, 26, int(faint.sum()))
    x, y = centres(rng, n, size)
    step = pixels_per_second * (EXPTIME + DITHER_GAP)
    exposures = []
    for dither in range(dithers):
        moved = (dither - centred) * step
        exposures.append(trail_light(x + moved * np.cos(angle), y + moved * np.sin(angle), length, angle, mag, size))
    extent = length * np.maximum(np.abs(np.cos(angle)), np.abs(np.sin(angle)))
    return np.stack(exposures, axis=1), {"mag": mag, "rate": rate, "snr": snr_of_trail(mag, length), "extent": extent}


def snr_of_trail(mag: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return the S/N of a source of `mag` trailed over `length` pixels in one exposure: trailing loss."""
    area = PSF_PIXELS + 2.8 * np.asarray(length)
    return electrons_per_exposure(mag) / np.sqrt(electrons_per_exposure(mag) + area * (SKY_ELECTRONS + READ_NOISE**2))


def draw_stars(
    rng: np.random.Generator, centred: np.ndarray, dithers: int, size: int, _: Range
) -> tuple[np.ndarray, Measured]:
    mag = 26 - 9 * np.sqrt(rng.random(len(centred)))
    light = fixed(rng, len(centred), dithers, size, lambda x, y: star_light(x, y, mag, size))
    return light, {"mag": mag, "snr": snr_of_trail(mag, np.zeros(len(mag))), "extent": 2 * star_reach(mag)}


def draw_galaxies(
    rng: np.random.Generator, centred: np.ndarray, dithers: int, size: int, _: Range
) -> tuple[np.ndarray, Measured]:
    shape = draw_galaxy_shapes(rng, len(centred), 19.5, 25.0)
    light = fixed(rng, len(centred), dithers, size, lambda x, y: galaxy_light(shape, x, y, size))
    snr = snr_of_trail(shape["mag"], shape["radius"] ** 2)
    return light, {"mag": shape["mag"], "snr": snr, "extent": 4 * shape["radius"]}


def draw_galaxy_shapes(rng: np.random.Generator, n: int, bright: float, faint: float) -> dict[str, np.ndarray]:
    """Draw galaxies: half-light radii depend on brightness as in deep fields; a third have visible arms."""
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
    rng: np.random.Generator, n: int, dithers: int, size: int, paint: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Paint the same source in every dither, registered to a fraction of a pixel: (n, dithers, size, size)."""
    x, y = centres(rng, n, size)
    shifts = rng.normal(0, 0.15, (dithers, 2, n))
    return np.stack([paint(x + dx, y + dy) for dx, dy in shifts], axis=1)


def add_neighbours(rng: np.random.Generator, light: np.ndarray) -> None:
    """Add faint galaxies by chance, at the same density for any stamp size."""
    n, _, size, _ = light.shape
    rows = np.repeat(np.arange(n), rng.poisson(NEIGHBOURS * (size / SIZE) ** 2, n))
    x, y = rng.uniform(0, size, (2, len(rows)))
    shape = draw_galaxy_shapes(rng, len(rows), 21.0, 26.5)
    window = min(size, NEIGHBOUR_WINDOW)
    left, low = (np.clip(np.rint(place - window / 2), 0, size - window).astype(int) for place in (x, y))
    painted = galaxy_light(shape, x - left, y - low, window)
    for row, column, up, image in zip(rows, left, low, painted, strict=True):
        light[row, :, up : up + window, column : column + window] += image
