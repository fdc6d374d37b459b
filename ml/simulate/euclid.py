"""Euclid-like stamps: three dithers as three channels, around a moving object, a star, a galaxy or a cosmic ray.

Source: Lieu et al. 2019, MNRAS 485, 5831. Left out: ghosts, charge transfer inefficiency, distortion.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ml.simulate.euclid_sources import EXPTIME, PIXEL_SCALE
from ml.simulate.euclid_stamps import CLASSES, DITHERS, REAL, SIZE, stamps
from ml.simulate.folder import BLOCK, Block, block_sizes, write

__all__ = ["CLASSES", "REAL", "SIZE", "euclid", "field", "stamps"]

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
