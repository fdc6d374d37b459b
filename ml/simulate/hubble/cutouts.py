"""Hubble-like cutouts for trail detection: asteroid trails curved by the orbit, among look-alikes.

Source: Kruk et al. 2022, A&A 661, A85, and the seed talk: single exposures of 500 to 2000 s at 0.05 arcsec per pixel,
calibrated, with most of the cosmic rays rejected.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.simulate.atlas.movers import log_uniform
from ml.simulate.hubble.field import add_arc, add_cosmic_rays, add_galaxies, add_stars
from ml.simulate.hubble.optics import FULL_WELL, MARGIN, PIXEL_SCALE, READ_NOISE, SKY_RATE, through_the_optics
from ml.simulate.hubble.orbit import Pointing, draw_pointing
from ml.simulate.hubble.trails import add_asteroid, add_satellite, draw_mover
from ml.simulate.hubble.truth import CLASSES, REAL, Thing
from ml.simulate.rendering.detector import bleed
from ml.simulate.rendering.tangent import NORTH_UP, tangent
from ml.simulate.writer import Single, write_each

__all__ = ["CLASSES", "REAL", "SIZE", "Cutout", "cutout", "cutouts", "hubble"]

SIZE = 1024
SMALLEST, LARGEST = 128, 4096
FIRST_DAY = 60600
SATELLITE_CHANCE = 0.12
ARC_CHANCE = 0.2
GAP_CHANCE = 0.08
GAP = 50
COLUMNS = (
    "external_id", "kind", "image", "label", "gold", "object_group", "ra", "dec", "mjd", "exptime", "band", "#snr",
    "#objects", "#simulated",
)  # fmt: skip


@dataclass
class Cutout:
    """One exposure: pixels (size, size) float32 in electrons, sky included; NaN in the gap between the chips."""

    pixels: np.ndarray
    things: list[Thing]
    pointing: Pointing
    exptime: float

    def asteroids(self) -> list[Thing]:
        return [thing for thing in self.things if thing.label == "ASTEROID"]


def hubble(
    n: int,
    seed: int,
    out: str | Path,
    *,
    size: int = SIZE,
    share: float = 0.5,
    gold_fraction: float = 0.1,
    progress: Callable[[int], object] | None = None,
) -> Path:
    """Write n simulated Hubble cutouts to `out`: manifest.csv, truth.csv and one FITS image each.

    Parameters
    ----------
    n : int
        Number of cutouts. A cutout depends only on the seed and its number, not on n.
    size : int
        Side in pixels of 0.05 arcsec, from 128 to 4096.
    share : float in 0..1
        Fraction of the cutouts with one or two asteroid trails. (In the published archive about 3 in 100.)
    seed, gold_fraction, progress
        As in `ml.simulate.atlas.night.atlas`.

    Returns
    -------
    Path
        The manifest. `label` is yes if an asteroid trail is visible; `#objects` has every trail and look-alike as JSON,
        see docs/simulations.md.

    Raises
    ------
    ValueError
        For a number, size or fraction out of range.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}")
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"size must lie between {SMALLEST} and {LARGEST} pixels, not {size}")
    for name, value in {"share": share, "gold_fraction": gold_fraction}.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must lie between 0 and 1, not {value}")
    singles = (
        single(seen, f"hubble-{seed}-{number:06d}", np.random.default_rng([seed, number, 1]), gold_fraction)
        for number, seen in enumerate(cutouts(n, seed, size=size, share=share))
    )
    return write_each(singles, COLUMNS, Path(out), progress=progress)


def cutouts(n: int, seed: int, *, size: int = SIZE, share: float = 0.5) -> Iterator[Cutout]:
    """Yield the cutouts that `hubble` writes."""
    for number in range(n):
        yield cutout(np.random.default_rng([seed, number, 0]), size, share)


def cutout(rng: np.random.Generator, size: int = SIZE, share: float = 0.5) -> Cutout:
    """Draw one exposure: the sky through the optics, and then detector effects."""
    exptime = float(log_uniform(rng, 500, 2000, 1)[0])
    pointing = draw_pointing(rng)
    scene = np.zeros((size + 2 * MARGIN,) * 2, np.float32)
    things = add_stars(rng, scene, exptime)
    add_galaxies(rng, scene, exptime)
    if rng.random() < ARC_CHANCE:
        things += filter(None, [add_arc(rng, scene, exptime)])
    if rng.random() < share:
        for _ in range(rng.choice([1, 2], p=[0.8, 0.2])):
            things += filter(None, [add_asteroid(rng, scene, pointing, exptime, draw_mover(rng))])
    image = through_the_optics(scene)
    if rng.random() < SATELLITE_CHANCE:
        things += filter(None, [add_satellite(rng, image, exptime)])
    pixels, hits = expose(rng, image, exptime)
    return Cutout(pixels, things + hits, pointing, exptime)


def expose(rng: np.random.Generator, light: np.ndarray, exptime: float) -> tuple[np.ndarray, list[Thing]]:
    """Add sky, cosmic rays and noise, bleed full wells, and blank the gap between the chips."""
    signal = light + np.float32(SKY_RATE * exptime)
    noise = rng.standard_normal(signal.shape, dtype=np.float32)
    exposed = signal + noise * np.sqrt(signal + np.float32(READ_NOISE**2))
    hits = add_cosmic_rays(rng, exposed, exptime, share=float(log_uniform(rng, 0.02, 0.3, 1)[0]))
    exposed = bleed(exposed[None], FULL_WELL)[0].astype(np.float32, copy=False)
    if rng.random() < GAP_CHANCE:
        first = int(rng.integers(0, len(exposed) - GAP))
        exposed[first : first + GAP] = np.nan
    return exposed, hits


def single(seen: Cutout, name: str, gold_rng: np.random.Generator, gold_fraction: float) -> Single:
    """Return one cutout as a row of the manifest."""
    trails = seen.asteroids()
    label = "yes" if trails else "no"
    brightest = max(trails, key=lambda thing: thing.numbers["snr"], default=None)
    numbers = brightest.numbers if brightest else {}
    snr, mag, rate = (f"{numbers[key]:.2f}" if key in numbers else "" for key in ("snr", "mag", "rate"))
    objects = json.dumps([thing.told(len(seen.pixels)) for thing in seen.things], separators=(",", ":"))
    mjd = FIRST_DAY + gold_rng.uniform(0, 365)
    row: dict[str, Any] = {
        "external_id": name, "kind": "cutout", "label": label, "gold": int(gold_rng.random() < gold_fraction),
        "object_group": name, "ra": f"{seen.pointing.ra:.6f}", "dec": f"{seen.pointing.dec:.6f}", "mjd": f"{mjd:.6f}",
        "exptime": f"{seen.exptime:.1f}", "band": "F814W", "#snr": snr, "#objects": objects, "#simulated": 1,
    }  # fmt: skip
    truth = {"external_id": name, "label": label, "real": int(bool(trails)), "snr": snr, "mag": mag, "rate": rate}
    header: dict[str, Any] = {"EXPTIME": round(seen.exptime, 1), "PIXSCALE": PIXEL_SCALE, "BUNIT": "electron"}
    north = NORTH_UP - seen.pointing.roll
    header |= tangent(float(row["ra"]), float(row["dec"]), PIXEL_SCALE, seen.pixels.shape, north)
    return Single(seen.pixels, row, truth, header)
