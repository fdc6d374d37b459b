"""TESS-like cubes: asteroids that cross a crowded field with scattered light and jitter, with masks.

Source: the W-Net paper (Powell et al.): cubes of 64 frames of 64 x 64 pixels of 21 arcsec, one every half hour; labels
are ellipses along each ephemeris. The cubes are calibrated fluxes; subtract each pixel's median over time before using
them as network input.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord

from ml.io.mjd import DAY
from ml.simulate.rendering.psf_table import tabulate
from ml.simulate.rendering.tangent import north_of_ecliptic, tangent
from ml.simulate.simulator_options import check_count, check_range
from ml.simulate.tess.camera import DUTY, PIXEL_SCALE, Psf, draw_psf, read_noise, through_psf
from ml.simulate.tess.sky import background, cosmic_rays, stars
from ml.simulate.tess.tess_movers import BRIGHTEST, FAINTEST, UNUSUAL, Movers, draw_movers, numbered_mask, paint_mover
from ml.simulate.writer import Single, write_each

SIZE = FRAMES = 64
SMALLEST_SIZE, LARGEST_SIZE = 16, 256
SMALLEST_FRAMES, LARGEST_FRAMES = 8, 512
CADENCE = 1800.0
SHORTEST_CADENCE, LONGEST_CADENCE = 20.0, 86_400.0
MOVERS = 3.0
FIRST_DAY = 60600


@dataclass
class SimulatedCube:
    """One cube: flux (frames, size, size) float32 in electrons per second, and its truth.

    mask : uint8 of the same shape, 0 where nothing moves, else the `id` of the object there.
    snr : (n,) median over the frames in which an object is seen, that of a matched filter against the frame's noise.
    noise : (frames,) standard deviation of an empty pixel.
    """

    flux: np.ndarray
    mask: np.ndarray
    movers: Movers
    snr: np.ndarray
    noise: np.ndarray


def tess(
    n: int,
    seed: int,
    out: str | Path,
    *,
    size: int = SIZE,
    frames: int = FRAMES,
    cadence: float = CADENCE,
    movers: float = MOVERS,
    faintest: float = FAINTEST,
    unusual: float = UNUSUAL,
    gold_fraction: float = 0.1,
    progress: Callable[[int], object] | None = None,
) -> Path:
    """Write n simulated TESS cubes to `out`: manifest.csv, truth.csv, a FITS cube and a FITS mask each.

    Raises ValueError for a number that is out of range.

    Parameters
    ----------
    n, seed, out, gold_fraction, progress
        As in `ml.simulate.atlas.night.atlas`. A cube depends on the seed and its number alone, not on n.
    size, frames : int
        Side in pixels of 21 arcsec, from 16 to 256, and number of frames, from 8 to 512.
    cadence : float
        Seconds between frames: 1800, 600 or 200 on the satellite.
    movers : float
        Mean number of objects that cross a cube, at most 40; the number is Poisson.
    faintest : float
        V magnitude of the faintest object, above 14.
    unusual : float in 0..1
        Share of near-Earth objects and of those beyond Jupiter, at 7 to 3.

    Returns
    -------
    Path
        The manifest. `#mask` names the file of the mask, `#objects` holds each object as JSON; see
        docs/simulations.md.
    """
    check_count(n)
    check_range(SMALLEST_SIZE, LARGEST_SIZE, " pixels", size=size)
    check_range(SMALLEST_FRAMES, LARGEST_FRAMES, frames=frames)
    check_range(0, 40, movers=movers)
    check_range(0, 1, unusual=unusual, gold_fraction=gold_fraction)
    check_range(SHORTEST_CADENCE, LONGEST_CADENCE, " seconds", cadence=cadence)
    if not BRIGHTEST < faintest <= 30:
        raise ValueError(f"faintest must lie above {BRIGHTEST:g} and be at most 30, not {faintest}")
    made = simulated_cubes(
        n, seed, size=size, frames=frames, cadence=cadence, movers=movers, faintest=faintest, unusual=unusual
    )
    singles = (
        tess_subject(
            cube, f"tess-{seed}-{number:06d}", np.random.default_rng([seed, number, 1]), gold_fraction, cadence
        )
        for number, cube in enumerate(made)
    )
    return write_each(singles, columns(frames), Path(out), n, progress=progress)


def columns(frames: int) -> tuple[str, ...]:
    times = [f"mjd{frame}" for frame in range(1, frames + 1)]
    return (
        "external_id", "kind", "image", "#mask", "label", "gold", "object_group", "ra", "dec", "exptime", "band",
        "#snr", "#objects", "#simulated", *times,
    )  # fmt: skip


def simulated_cubes(n: int, seed: int, **options: Any) -> Iterator[SimulatedCube]:
    """Yield the cubes that `tess` writes; the options are those of `cube`."""
    for number in range(n):
        yield cube(np.random.default_rng([seed, number, 0]), **options)


def cube(
    rng: np.random.Generator,
    *,
    size: int = SIZE,
    frames: int = FRAMES,
    cadence: float = CADENCE,
    movers: float = MOVERS,
    faintest: float = FAINTEST,
    unusual: float = UNUSUAL,
) -> SimulatedCube:
    """Draw one cube."""
    shape = (frames, size, size)
    psf = draw_psf(rng)
    table = table_of(psf)
    crossing = draw_movers(rng, min(rng.poisson(movers), 255), shape, cadence, faintest, unusual)
    light = stars(rng, psf, table, shape, cadence)
    sky = background(rng, shape)
    noise = np.sqrt(np.median(sky, axis=(1, 2)) / (DUTY * cadence) + read_noise(cadence) ** 2)
    snr = np.zeros(len(crossing))
    for row in range(len(crossing)):
        painted = paint_mover(table, crossing, row, shape)
        light += painted
        snr[row] = median_snr(painted, noise)
    signal = light + sky
    white = rng.standard_normal(shape, dtype=np.float32)
    signal += white * np.sqrt(signal / np.float32(DUTY * cadence) + np.float32(read_noise(cadence) ** 2))
    signal += cosmic_rays(rng, shape, cadence)
    return SimulatedCube(signal, numbered_mask(crossing, shape), crossing, snr, noise)


def table_of(psf: Psf) -> np.ndarray:
    """Tabulate the point spread function for `psf_table.paint`."""

    def painter(x: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
        # Remove Fourier ringing of a millionth: light is not negative.
        return np.maximum(through_psf(psf, x[:, None], y[:, None], np.ones((len(x), 1)), size)[:, 0], 0)

    return tabulate(painter)


def median_snr(painted: np.ndarray, noise: np.ndarray) -> float:
    """Return the median matched-filter S/N over an object's frames: sqrt(sum(light^2)) over the noise; 0 for none.

    `painted` (T, Y, X) is its light, and `noise` (T,) that of a pixel, in the same unit. Frames with less than a tenth
    of its brightest light are left out.
    """
    power = np.sqrt(np.einsum("tyx,tyx->t", painted, painted, dtype=np.float64))
    has_light = power > 0.1 * power.max(initial=0.0)
    return float(np.median(power[has_light] / noise[has_light])) if power.any() else 0.0


def tess_subject(
    made: SimulatedCube, name: str, rng: np.random.Generator, gold_fraction: float, cadence: float
) -> Single:
    """Return one cube as a row of the manifest, at a position near the ecliptic, as for camera 1."""
    place = SkyCoord(rng.uniform(0, 360), rng.normal(0, 5), unit="deg", frame="geocentrictrueecliptic").icrs
    start = FIRST_DAY + rng.uniform(0, 20)
    row, truth = manifest_and_truth(made, name, bool(rng.random() < gold_fraction))
    row |= {
        "ra": f"{place.ra.deg:.6f}", "dec": f"{place.dec.deg:.6f}", "exptime": round(DUTY * cadence, 1), "band": "TESS",
        **{f"mjd{frame + 1}": f"{start + frame * cadence / DAY:.6f}" for frame in range(len(made.flux))},
    }  # fmt: skip
    ra, dec = float(row["ra"]), float(row["dec"])
    north = north_of_ecliptic(ra, dec, made.movers.roll)
    header = {"EXPTIME": round(DUTY * cadence, 1), "PIXSCALE": PIXEL_SCALE, "BUNIT": "electron/s", "CADENCE": cadence}
    header |= tangent(ra, dec, PIXEL_SCALE, made.flux.shape, north)
    return Single(made.flux, row, truth, header, {"#mask": made.mask})


def manifest_and_truth(made: SimulatedCube, name: str, gold: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a cube as a row of the manifest and one of truth.csv, with the numbers of its brightest object."""
    visible = np.flatnonzero(np.isin(np.arange(len(made.movers)) + 1, made.mask))
    label, numbers = "no", {"snr": "", "mag": "", "rate": ""}
    if len(visible):
        best = visible[np.argmin(made.movers.v_mag[visible])]
        known = {"snr": made.snr[best], "mag": made.movers.v_mag[best], "rate": made.movers.rate[best]}
        label, numbers = "yes", {key: f"{value:.2f}" for key, value in known.items()}
    objects = json.dumps(made.movers.as_json(made.snr), separators=(",", ":"))
    row = {
        "external_id": name, "kind": "cube", "label": label, "gold": int(gold), "object_group": name,
        "#snr": numbers["snr"], "#objects": objects, "#simulated": 1,
    }  # fmt: skip
    return row, {"external_id": name, "label": label, "real": int(bool(len(visible))), **numbers}
