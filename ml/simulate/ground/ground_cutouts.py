"""Ground-based cutouts with short trails: fields, and sheets of difference stamps.

A generic sky in units of its noise, to train a detector of trails of 6 to 60 pixels.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from ml.simulate.ground.ground_sources import (
    LEAST_ELONGATED,
    add_disc,
    add_edge,
    add_nebula,
    add_scratches,
    add_trail,
    add_trails,
    direction,
    draw_seeing,
    scatter_galaxies,
    scatter_stars,
)
from ml.simulate.ground.seeing import add_point, straight
from ml.simulate.hubble.truth import SkyObject
from ml.simulate.rendering.log_uniform import log_uniform_scalar
from ml.simulate.simulator_options import check_count, check_range
from ml.simulate.writer import Single, write_each

SIZE, SMALLEST, LARGEST = 256, 128, 4096
SEEING = (1.5, 6.0)  # pixels
SHEETS = 0.35
STAMP, GAP = (28, 64), 6  # pixels
KINDS = {"trail": 0.45, "star": 0.3, "galaxy": 0.1, "dipole": 0.1, "noise": 0.05}  # contents of stamps
SCALE, PEDESTAL = 12.0, 1000.0  # noise and sky in counts
COLUMNS = ("external_id", "kind", "image", "label", "gold", "object_group", "#snr", "#objects", "#simulated")


def ground(
    n: int,
    seed: int,
    out: str | Path,
    *,
    size: int = SIZE,
    share: float = 0.8,
    seeing: tuple[float, float] = SEEING,
    sheets: float = SHEETS,
    gold_fraction: float = 0.1,
) -> Path:
    """Write n simulated ground-based cutouts to `out`: manifest.csv, truth.csv and one FITS image each.

    Raises ValueError for a number, size or fraction out of range.

    Parameters
    ----------
    n, seed, out, gold_fraction
        As in `ml.simulate.atlas.night.atlas`. A cutout depends on the seed and its number alone, not on n.
    size : int
        Side in pixels, from 128 to 4096.
    share : float in 0..1
        Fraction of the fields with trails. Sheets of stamps always may have some.
    seeing : (float, float)
        Smallest and largest FWHM of stars, in pixels, from 1 to 20.
    sheets : float in 0..1
        Share of the cutouts that are sheets of difference stamps; the rest are fields.

    Returns
    -------
    Path
        The manifest: `label` and `#objects` as in `ml.simulate.hubble.hubble_cutouts.hubble`.
    """
    check_count(n)
    check_range(SMALLEST, LARGEST, " pixels", size=size)
    check_range(0, 1, share=share, sheets=sheets, gold_fraction=gold_fraction)
    if not 1 <= seeing[0] <= seeing[1] <= 20:
        raise ValueError(f"seeing must be two widths between 1 and 20 pixels, the sharpest first, not {seeing}")
    drawn = enumerate(ground_cutouts(n, seed, size=size, share=share, seeing=seeing, sheets=sheets))
    return write_each((ground_subject(*as_json, k, seed, gold_fraction) for k, as_json in drawn), COLUMNS, Path(out), n)


def ground_cutouts(
    n: int,
    seed: int,
    *,
    size: int = SIZE,
    share: float = 0.8,
    seeing: tuple[float, float] = SEEING,
    sheets: float = SHEETS,
) -> Iterator[tuple[np.ndarray, list[SkyObject]]]:
    """Yield what `ground` writes: pixels (size, size) float32 in counts, NaN between stamps, and their annotations."""
    for number in range(n):
        rng = np.random.default_rng([seed, number, 7])
        stamps = rng.random() < sheets
        pixels, objects = sheet(rng, size, seeing) if stamps else ground_field(rng, size, share, seeing)
        yield np.float32(PEDESTAL) + np.float32(SCALE) * pixels, objects


def ground_field(
    rng: np.random.Generator, size: int, share: float, between: tuple[float, float]
) -> tuple[np.ndarray, list[SkyObject]]:
    """Draw one field in units of its noise: the sky, saturation or a plate's response, and the plate's defects."""
    image = np.zeros((size, size), np.float32)
    seeing = draw_seeing(rng, between)
    scatter_stars(rng, image, seeing)
    scatter_galaxies(rng, image, seeing)
    if rng.random() < 0.3:
        add_nebula(rng, image, seeing)
    count = 1 + rng.poisson(11 * (size / SIZE) ** 2) if rng.random() < share else 0
    objects = add_trails(rng, image, seeing, count)
    level = log_uniform_scalar(rng, 60, 2000)
    image = level * (1 - np.exp(-image / level)).astype(np.float32)
    objects += add_scratches(rng, image, seeing) if rng.random() < 0.5 else []
    if rng.random() < 0.1:
        add_edge(rng, image)
    return image + noise(rng, image.shape), objects


def sheet(rng: np.random.Generator, size: int, between: tuple[float, float]) -> tuple[np.ndarray, list[SkyObject]]:
    """Draw a sheet of difference stamps with gaps: trails, stars, galaxies, dipoles and noise."""
    image = np.full((size, size), np.nan, np.float32)
    side = int(rng.integers(*STAMP))
    objects = []
    for top in range(0, size - side + 1, side + GAP):
        for left in range(0, size - side + 1, side + GAP):
            pixels, obj = stamp(rng, side, between)
            image[top : top + side, left : left + side] = pixels
            if obj is not None:
                objects.append(SkyObject(obj.label, obj.curve + np.array([left, top]), obj.width, obj.numbers))
    return image, objects


def stamp(
    rng: np.random.Generator, side: int, between: tuple[float, float] = SEEING
) -> tuple[np.ndarray, SkyObject | None]:
    """Draw one difference stamp in units of its noise, its source centred to a pixel or two."""
    image, obj = np.zeros((side, side), np.float32), None
    seeing, place = draw_seeing(rng, between, comatic=0), (side - 1) / 2 + rng.normal(0, 1.0, 2)
    kind, height = rng.choice(list(KINDS), p=list(KINDS.values())), log_uniform_scalar(rng, 1.2, 120)
    if kind == "trail":
        length = log_uniform_scalar(rng, max(6.0, LEAST_ELONGATED * seeing.fwhm), 0.6 * side)
        obj = add_trail(image, seeing, straight(place, length, rng.uniform(0, np.pi)), height)
    elif kind == "galaxy":
        add_disc(rng, image, seeing, place, height)
    elif kind != "noise":
        add_point(image, seeing, place, height)
    if kind == "dipole" or (kind == "star" and rng.random() < 0.2):
        away = rng.uniform(0.5, 2.5) * seeing.fwhm * direction(rng.uniform(0, 2 * np.pi))
        add_point(
            image, seeing, place + away, -height if kind == "dipole" else height * log_uniform_scalar(rng, 0.2, 1)
        )
    return image + noise(rng, image.shape), obj


def noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return unit noise, correlated between neighbouring pixels in one image of three, as after resampling."""
    values = rng.standard_normal(shape, dtype=np.float32)
    if rng.random() < 0.35:
        values = gaussian_filter(values, rng.uniform(0.3, 0.7))
        values /= values.std()
    return values


def ground_subject(
    pixels: np.ndarray, objects: list[SkyObject], number: int, seed: int, gold_fraction: float
) -> Single:
    """Return one cutout as a row of the manifest."""
    name = f"ground-{seed}-{number:06d}"
    clearest = max((obj.numbers["snr"] for obj in objects if obj.label == "ASTEROID"), default=None)
    label, snr = ("no", "") if clearest is None else ("yes", f"{clearest:.2f}")
    gold = np.random.default_rng([seed, number, 1]).random() < gold_fraction
    row = {
        "external_id": name, "kind": "cutout", "label": label, "gold": int(gold), "object_group": name, "#snr": snr,
        "#objects": json.dumps([obj.as_json(len(pixels)) for obj in objects], separators=(",", ":")), "#simulated": 1,
    }  # fmt: skip
    truth = {"external_id": name, "label": label, "real": int(clearest is not None), "snr": snr}
    return Single(pixels, row, truth, {"BUNIT": "count"})
