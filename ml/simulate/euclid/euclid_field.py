"""Euclid-like stamps: dithers as channels, around a moving object, a star, a galaxy or a cosmic ray.

Source: Lieu et al. 2019, MNRAS 485, 5831. Left out, as there: distortion and pointing errors. Galaxies are drawn from
profiles, not from Hubble images.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ml.simulate.euclid.dithered_stamps import CLASSES, DITHERS, FAINTEST_SNR, RATES, REAL, SIZE, dithered_stamps
from ml.simulate.euclid.sources import EXPTIME
from ml.simulate.simulator_options import check_count, check_range, class_mix
from ml.simulate.writer import BLOCK, SubjectBlock, block_sizes, write_blocks

__all__ = ["CLASSES", "DITHERS", "FAINTEST_SNR", "REAL", "SIZE", "dithered_stamps", "euclid", "euclid_blocks"]

MIX = ("SSO", "CR", "SSO", "GALAXY", "SSO", "STAR")
FIRST_DAY = 60600
FASTEST = 100.0
SMALLEST, LARGEST = 32, 256
COLUMNS = (
    "external_id", "kind", "image", "planes", "label", "gold", "object_group", "ra", "dec", "mjd", "exptime", "band",
    "mag", "rate", "#snr", "#scale", "#simulated",
)  # fmt: skip


def euclid(
    n: int,
    seed: int,
    out: str | Path,
    *,
    size: int = SIZE,
    dithers: int = DITHERS,
    rates: tuple[float, float] = RATES,
    least_snr: float = FAINTEST_SNR,
    whole: bool = False,
    share: float | None = None,
    gold_fraction: float = 0.1,
    progress: Callable[[int], object] | None = None,
) -> Path:
    """Write n simulated Euclid stamps to `out`: manifest.csv, truth.csv and FITS cubes.

    Raises ValueError for a number, size or fraction out of range.

    Parameters
    ----------
    n : int
        Number of stamps; CR, GALAXY and STAR share evenly what is not SSO.
    seed, out, gold_fraction, progress
        As in `ml.simulate.atlas.night.atlas`.
    size : int
        Side of the stamps in pixels, from 32 to 256; pixels of 0.1 arcsec unless `whole`. Trails longer than the stamp
        leave it.
    dithers : {1, 3, 4}
        Exposures of each object, as channels: the paper's single, three-colour and four-dither stamps.
    rates : pair of floats
        Slowest and fastest object in arcsec per hour, from above 0 to 100.
    least_snr : float in 0..50
        Minimum S/N in one exposure of a moving object in the catalogue; with 0, magnitudes are uniform from 20 to 26,
        and some objects are below the noise.
    whole : bool
        Cut stamps as large as the object and a padding of 65 ± 5 pixels, and bring them to `size`.
    share : float in 0..1, optional
        Fraction of SSO, a half by default.

    Returns
    -------
    Path
        The manifest; each row has a plane for each dither, in electrons above the bias, sky included.
    """
    check_count(n)
    check_range(SMALLEST, LARGEST, " pixels", size=size)
    check_range(0, 50, least_snr=least_snr)
    check_range(0, 1, gold_fraction=gold_fraction, share=share or 0.0)
    if dithers not in (1, 3, 4):
        raise ValueError(f"dithers must be 1, 3 or 4, not {dithers}")
    if not 0 < rates[0] <= rates[1] <= FASTEST:
        raise ValueError(f"rates must rise from above 0 to at most {FASTEST:g} arcsec per hour, not {rates}")
    options: dict[str, Any] = {"dithers": dithers, "rates": rates, "least_snr": least_snr, "whole": whole}
    blocks = euclid_blocks(n, seed, share=share, gold_fraction=gold_fraction, size=size, **options)
    return write_blocks(blocks, COLUMNS, Path(out), n, progress=progress)


def euclid_blocks(
    n: int, seed: int, *, share: float | None = None, gold_fraction: float = 0.1, size: int = SIZE, **options: Any
) -> Iterator[SubjectBlock]:
    """Yield what `euclid` writes, block by block, without writing it; same options."""
    for number, count in enumerate(block_sizes(n)):
        # Two random streams, so that more gold does not change the sky.
        rng, gold_rng = (np.random.default_rng([seed, number, stream]) for stream in (0, 1))
        names = [f"euclid-{seed}-{number * BLOCK + row:06d}" for row in range(count)]
        label = rng.permutation(class_mix(count, MIX, REAL, share))
        yield field_block(rng, label, gold_rng.random(count) < gold_fraction, names, size, **options)


def field_block(
    rng: np.random.Generator, label: np.ndarray, gold: np.ndarray, names: list[str], size: int, **options: Any
) -> SubjectBlock:
    pixels, measured = dithered_stamps(rng, label, size, **options)
    ra, dec = rng.uniform(0, 360, len(label)), np.degrees(np.arcsin(rng.uniform(-0.3, 0.3, len(label))))
    mjd = FIRST_DAY + rng.uniform(0, 1, len(label))
    rows, truth = [], []
    for row, name in enumerate(names):
        numbers = {key: two_decimals(values[row]) for key, values in measured.items() if key != "scale"}
        snr, scale = numbers.pop("snr"), f"{measured['scale'][row]:.4f}"
        rows.append({
            "external_id": name, "kind": "stamp", "label": label[row], "gold": int(gold[row]), "object_group": name,
            "ra": f"{ra[row]:.6f}", "dec": f"{dec[row]:.6f}", "mjd": f"{mjd[row]:.6f}", "exptime": EXPTIME,
            "band": "VIS", "#snr": snr, "#scale": scale, "#simulated": 1, **numbers,
        })  # fmt: skip
        truth.append({"external_id": name, "label": label[row], "real": int(label[row] in REAL), "snr": snr, **numbers})
    header = {"EXPTIME": EXPTIME, "BUNIT": "electron"}
    planes = np.full(len(label), pixels.shape[1])
    return SubjectBlock(pixels.reshape(-1, size, size), planes, rows, truth, header)


def two_decimals(value: float) -> str:
    """Format to two decimals, empty for missing values."""
    return "" if np.isnan(value) else f"{value:.2f}"
