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

from ml.simulate.hubble.hubble_sources import add_cosmic_rays, add_galaxies, add_lens_arc, add_stars
from ml.simulate.hubble.hubble_trails import add_asteroid, add_satellite, draw_mover
from ml.simulate.hubble.optics import FULL_WELL, MARGIN, PIXEL_SCALE, READ_NOISE, SKY_RATE, convolve_scene
from ml.simulate.hubble.orbit import Pointing, draw_pointing
from ml.simulate.hubble.truth import CLASSES, REAL, SkyObject
from ml.simulate.rendering.detector_effects import bleed
from ml.simulate.rendering.log_uniform import log_uniform_scalar
from ml.simulate.rendering.tangent import NORTH_UP, tangent
from ml.simulate.simulator_options import check_count, check_range
from ml.simulate.writer import Single, write_each

__all__ = ["CLASSES", "REAL", "SIZE", "HubbleCutout", "cutout", "hubble", "hubble_cutouts"]

SIZE = 1024
SMALLEST, LARGEST = 128, 4096
FIRST_DAY = 60600
SATELLITE_CHANCE = 0.12
ARC_CHANCE = 0.2
GAP_CHANCE = 0.08
GAP = 50
AXES = ("x", "y", "z", "vx", "vy", "vz")
COLUMNS = (
    "external_id", "kind", "image", "label", "gold", "object_group", "ra", "dec", "mjd", "exptime", "band",
    *(f"#obs_{axis}" for axis in AXES), "#snr", "#objects", "#simulated",
)  # fmt: skip


@dataclass
class HubbleCutout:
    """One exposure: pixels (size, size) float32 in electrons, sky included; NaN in the gap between the chips."""

    pixels: np.ndarray
    objects: list[SkyObject]
    pointing: Pointing
    exptime: float

    def asteroids(self) -> list[SkyObject]:
        return [obj for obj in self.objects if obj.label == "ASTEROID"]


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

    Raises ValueError for a number, size or fraction out of range.

    Parameters
    ----------
    n, seed, out, gold_fraction, progress
        As in `ml.simulate.atlas.night.atlas`. A cutout depends on the seed and its number alone, not on n.
    size : int
        Side in pixels of 0.05 arcsec, from 128 to 4096.
    share : float in 0..1
        Share of the cutouts that hold one or two asteroid trails. (Of the published archive about 3 in 100 did.)

    Returns
    -------
    Path
        The manifest. `label` is yes if an asteroid trail is visible; `#objects` has every trail and look-alike as JSON,
        see docs/simulations.md.
    """
    check_count(n)
    check_range(SMALLEST, LARGEST, " pixels", size=size)
    check_range(0, 1, share=share, gold_fraction=gold_fraction)
    singles = (
        hubble_subject(exposure, f"hubble-{seed}-{number:06d}", np.random.default_rng([seed, number, 1]), gold_fraction)
        for number, exposure in enumerate(hubble_cutouts(n, seed, size=size, share=share))
    )
    return write_each(singles, COLUMNS, Path(out), n, progress=progress)


def hubble_cutouts(n: int, seed: int, *, size: int = SIZE, share: float = 0.5) -> Iterator[HubbleCutout]:
    """Yield the cutouts that `hubble` writes."""
    for number in range(n):
        yield cutout(np.random.default_rng([seed, number, 0]), size, share)


def cutout(rng: np.random.Generator, size: int = SIZE, share: float = 0.5) -> HubbleCutout:
    """Draw one exposure: the sky through the optics, and then detector effects."""
    exptime = log_uniform_scalar(rng, 500, 2000)
    pointing = draw_pointing(rng)
    scene = np.zeros((size + 2 * MARGIN,) * 2, np.float32)
    objects = add_stars(rng, scene, exptime)
    add_galaxies(rng, scene, exptime)
    if rng.random() < ARC_CHANCE:
        objects += filter(None, [add_lens_arc(rng, scene, exptime)])
    if rng.random() < share:
        for _ in range(rng.choice([1, 2], p=[0.8, 0.2])):
            objects += filter(None, [add_asteroid(rng, scene, pointing, exptime, draw_mover(rng))])
    image = convolve_scene(scene)
    if rng.random() < SATELLITE_CHANCE:
        objects += filter(None, [add_satellite(rng, image, exptime)])
    pixels, hits = expose_cutout(rng, image, exptime)
    return HubbleCutout(pixels, objects + hits, pointing, exptime)


def expose_cutout(rng: np.random.Generator, light: np.ndarray, exptime: float) -> tuple[np.ndarray, list[SkyObject]]:
    """Add sky, cosmic rays and noise, bleed full wells, and blank the gap between the chips."""
    signal = light + np.float32(SKY_RATE * exptime)
    noise = rng.standard_normal(signal.shape, dtype=np.float32)
    exposed = signal + noise * np.sqrt(signal + np.float32(READ_NOISE**2))
    hits = add_cosmic_rays(rng, exposed, exptime, fraction=log_uniform_scalar(rng, 0.02, 0.3))
    exposed = bleed(exposed[None], FULL_WELL)[0].astype(np.float32, copy=False)
    if rng.random() < GAP_CHANCE:
        first = int(rng.integers(0, len(exposed) - GAP))
        exposed[first : first + GAP] = np.nan
    return exposed, hits


def hubble_subject(exposure: HubbleCutout, name: str, gold_rng: np.random.Generator, gold_fraction: float) -> Single:
    """Return one cutout as a row of the manifest."""
    trails = exposure.asteroids()
    label = "yes" if trails else "no"
    brightest = max(trails, key=lambda obj: obj.numbers["snr"], default=None)
    numbers = brightest.numbers if brightest else {}
    snr, mag, rate = (f"{numbers[key]:.2f}" if key in numbers else "" for key in ("snr", "mag", "rate"))
    objects = json.dumps([obj.as_json(len(exposure.pixels)) for obj in exposure.objects], separators=(",", ":"))
    mjd = FIRST_DAY + gold_rng.uniform(0, 365)
    row: dict[str, Any] = {
        "external_id": name, "kind": "cutout", "label": label, "gold": int(gold_rng.random() < gold_fraction),
        "object_group": name, "ra": f"{exposure.pointing.ra:.6f}", "dec": f"{exposure.pointing.dec:.6f}",
        "mjd": f"{mjd:.6f}", "exptime": f"{exposure.exptime:.1f}", "band": "F814W", "#snr": snr, "#objects": objects,
        "#simulated": 1,
    }  # fmt: skip
    row |= {f"#obs_{axis}": f"{value:.6f}" for axis, value in zip(AXES, exposure.pointing.state(), strict=True)}
    truth = {"external_id": name, "label": label, "real": int(bool(trails)), "snr": snr, "mag": mag, "rate": rate}
    header: dict[str, Any] = {"EXPTIME": round(exposure.exptime, 1), "PIXSCALE": PIXEL_SCALE, "BUNIT": "electron"}
    north = NORTH_UP - exposure.pointing.roll
    header |= tangent(float(row["ra"]), float(row["dec"]), PIXEL_SCALE, exposure.pixels.shape, north)
    return Single(exposure.pixels, row, truth, header)
