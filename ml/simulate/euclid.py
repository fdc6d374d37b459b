"""Euclid-like stamps: three dithers as three channels, around a moving object, a star, a galaxy or a cosmic ray.

Source: Lieu et al. 2019, MNRAS 485, 5831. Left out: ghosts, charge transfer inefficiency, distortion.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ml.simulate.atlas_real import log_uniform
from ml.simulate.euclid_sources import (
    EXPTIME,
    PIXEL_SCALE,
    bleed,
    cosmic_ray_charge,
    electrons,
    galaxy_light,
    star_light,
    through_the_optics,
    trail_light,
)
from ml.simulate.folder import BLOCK, Block, block_sizes, write

CLASSES = ("CR", "GALAXY", "STAR", "SSO")
REAL = ("SSO",)
SIZE = 96
DITHERS = 3
DITHER_GAP = 64.0
SKY_ELECTRONS = 130.0
READ_NOISE = 4.5
FULL_WELL = 200_000.0
FAINTEST_SNR = 4.0
PSF_PIXELS = 8.0
COSMIC_RAYS_PER_EXPOSURE = 3.0
NEIGHBOURS = 1.2
FIRST_DAY = 60600
COLUMNS = (
    "external_id", "kind", "image", "planes", "label", "gold", "object_group", "ra", "dec", "mjd", "exptime", "band",
    "mag", "rate", "#snr", "#simulated",
)  # fmt: skip


def euclid(
    n: int,
    seed: int,
    out: str | Path,
    *,
    size: int = SIZE,
    gold_fraction: float = 0.1,
    progress: Callable[[int], object] | None = None,
) -> Path:
    """Write n simulated Euclid stamps to `out`: manifest.csv, truth.csv and FITS cubes.

    Parameters
    ----------
    n : int
        Number of stamps, half of them SSO and the rest shared evenly by CR, GALAXY and STAR.
    seed : int
        The same seed gives the same bytes.
    out : path
    size : int
        Side of the stamps in pixels of 0.1 arcsec, at least 32. Trails longer than the stamp leave it.
    gold_fraction : float in 0..1
        Share of the rows marked as gold.
    progress : callable, optional
        Called with the number of stamps written since the last call.

    Returns
    -------
    Path
        The manifest; each row has three planes, the dithers, in electrons above the bias, sky included.

    Raises
    ------
    ValueError
        For a number, size or fraction out of range.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}")
    if size < 32:
        raise ValueError(f"size must be at least 32 pixels, not {size}")
    if not 0 <= gold_fraction <= 1:
        raise ValueError(f"gold_fraction must lie between 0 and 1, not {gold_fraction}")
    return write(field(n, seed, size=size, gold_fraction=gold_fraction), COLUMNS, Path(out), progress=progress)


def field(n: int, seed: int, *, size: int = SIZE, gold_fraction: float = 0.1) -> Iterator[Block]:
    """Yield the stamps block by block without writing them: what `euclid` writes."""
    for number, count in enumerate(block_sizes(n)):
        # Two streams, so that asking for more gold does not change the sky.
        rng, gold_rng = (np.random.default_rng([seed, number, stream]) for stream in (0, 1))
        names = [f"euclid-{seed}-{number * BLOCK + row:06d}" for row in range(count)]
        label = balanced_labels(rng, count)
        yield field_block(rng, label, gold_rng.random(count) < gold_fraction, names, size)


def balanced_labels(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.permutation(np.resize(("SSO", "CR", "SSO", "GALAXY", "SSO", "STAR"), n))


def field_block(rng: np.random.Generator, label: np.ndarray, gold: np.ndarray, names: list[str], size: int) -> Block:
    pixels, measured = stamps(rng, label, size)
    ra, dec = rng.uniform(0, 360, len(label)), np.degrees(np.arcsin(rng.uniform(-0.3, 0.3, len(label))))
    mjd = FIRST_DAY + rng.uniform(0, 1, len(label))
    rows, truth = [], []
    for row, name in enumerate(names):
        numbers = {key: rounded(values[row]) for key, values in measured.items()}
        snr = numbers.pop("snr")
        rows.append({
            "external_id": name, "kind": "stamp", "label": label[row], "gold": int(gold[row]), "object_group": name,
            "ra": f"{ra[row]:.6f}", "dec": f"{dec[row]:.6f}", "mjd": f"{mjd[row]:.6f}", "exptime": EXPTIME,
            "band": "VIS", "#snr": snr, "#simulated": 1, **numbers,
        })  # fmt: skip
        truth.append({"external_id": name, "label": label[row], "real": int(label[row] in REAL), "snr": snr, **numbers})
    header = {"EXPTIME": EXPTIME, "PIXSCALE": PIXEL_SCALE, "BUNIT": "electron"}
    planes = np.full(len(label), DITHERS)
    return Block(pixels.reshape(-1, size, size), planes, rows, truth, header)


def rounded(value: float) -> str:
    """Two decimals, and nothing for what a class does not have."""
    return "" if np.isnan(value) else f"{value:.2f}"


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

    Longer trails are fainter per pixel; what would lie below S/N 4 in one exposure is not in the catalogue.
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
