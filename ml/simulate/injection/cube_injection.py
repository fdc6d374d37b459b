"""Inject movers into real cubes, with masks and truth."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.io.mjd import DAY
from ml.io.picture import Facts
from ml.io.records import BadInput
from ml.io.tess import open_fits
from ml.simulate.injection.stamp_injection import noise_of
from ml.simulate.tess.camera import DUTY, Psf
from ml.simulate.tess.tess_cubes import SimulatedCube, columns, manifest_and_truth, table_of
from ml.simulate.tess.tess_movers import FAINTEST, Movers, draw_movers, numbered_mask, paint_mover
from ml.simulate.writer import Single, write_each

FWHM = 1.5
CHUNK = 64


def inject_cube(
    flux: np.ndarray, movers: Movers, *, psf: Psf | None = None, exposure: float = 0.0, seed: int = 0
) -> SimulatedCube:
    """Inject moving objects into the frames of a cube.

    Raises ValueError: the cube does not have three axes, or the movers have another number of frames.

    Parameters
    ----------
    flux : (frames, height, width) array
        Electrons per second. It is not changed.
    movers : Movers
        With as many frames as the cube; see `draw_movers`.
    psf : Psf, optional
        Round and 1.5 pixels wide before the pixels' own square by default.
    exposure : float
        Exposure of each frame in seconds, for the objects' own photon noise. None with 0.
    seed : int
        Of that noise.

    Returns
    -------
    Cube
        float32; NaN stays NaN, and the mask is 0 there and where an object is off the frame. `noise` is 1.4826 times
        the median absolute deviation of each frame's difference from the cube's median over time (of the frame itself
        with fewer than three).
    """
    flux = np.asarray(flux, np.float32)
    if flux.ndim != 3 or not flux.size:
        raise ValueError(f"a cube must have three axes (frames, height, width), not the shape {flux.shape}")
    if len(movers) and movers.x.shape[1] != len(flux):
        raise ValueError(f"the movers have {movers.x.shape[1]} frames and the cube {len(flux)}")
    table, noise = table_of(psf or Psf(FWHM, FWHM, 0.0)), noise_of_frames(flux)
    injected, power = flux.copy(), np.zeros((len(movers), len(flux)))
    rng = np.random.default_rng(seed)
    # Some frames at a time: a whole sector per object would not fit into memory.
    for first in range(0, len(flux), CHUNK):
        frames = slice(first, first + CHUNK)
        part = movers.between(frames)
        for row in range(len(movers)):
            light = paint_mover(table, part, row, flux[frames].shape)
            power[row, frames] = np.sqrt(np.einsum("tyx,tyx->t", light, light, dtype=np.float64))
            if exposure > 0:
                light += rng.standard_normal(light.shape, dtype=np.float32) * np.sqrt(light / np.float32(exposure))
            injected[frames] += light
    mask = numbered_mask(movers, flux.shape)
    mask[~np.isfinite(flux)] = 0
    return SimulatedCube(injected, mask, movers, visible_snr(power, noise), noise)


def noise_of_frames(flux: np.ndarray) -> np.ndarray:
    """Return the noise of each frame, (frames,), after background subtraction."""
    still = np.zeros(flux.shape[1:], np.float32)
    if len(flux) >= 3:
        known = np.isfinite(flux).any(axis=0)
        still[known] = np.nanmedian(flux[:, known], axis=0)
    return noise_of((flux - still)[:, None])[:, 0]


def visible_snr(power: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return the median S/N of each object over its frames, (n,); 0 without frames or without known noise."""
    snr = np.zeros(len(power))
    for row, light in enumerate(power):
        in_frame = (light > 0.1 * light.max(initial=0.0)) & (noise > 0)
        snr[row] = np.median(light[in_frame] / noise[in_frame]) if in_frame.any() else 0.0
    return snr


@dataclass
class RealCube:
    """A real cube: flux (frames, height, width), and the metadata of each frame."""

    flux: np.ndarray
    facts: list[Facts]
    cadence: float


def read_cube(path: Path) -> RealCube:
    """Read a target pixel file, a full-frame cutout in that format, or a FITS image with three axes.

    Raises BadInput: the file is missing or is not such a cube.
    """
    if not path.is_file():
        raise BadInput("is not there. Check the path.", file=str(path))
    try:
        with closing(open_fits(path)) as picture:
            flux = picture.take(None)
            if flux.ndim != 3:
                raise BadInput("has the shape %(shape)s; (frames, height, width) is needed.", shape=flux.shape)
            facts = [picture.facts(plane) for plane in range(len(flux))]
    except BadInput as bad:
        raise bad.at(file=path.name) from bad
    return RealCube(np.asarray(flux, np.float32), facts, cadence_of(facts))


def cadence_of(facts: list[Facts]) -> float:
    """Return seconds between frames: the median time step, else the exposure, else TESS's half hour."""
    times = np.array([fact.mjd_mid for fact in facts if fact.mjd_mid is not None])
    if len(times) > 1 and np.median(np.diff(times)) > 0:
        return float(np.median(np.diff(times)) * DAY)
    return (facts[0].exptime or DUTY * 1800.0) / DUTY


def inject_into(
    path: Path,
    n: int,
    seed: int,
    out: str | Path,
    *,
    movers: float = 3.0,
    faintest: float = FAINTEST,
    gold_fraction: float = 0.1,
) -> Path:
    """Write n copies of a real cube, each with different movers; parameters and files as in `tess.tess`."""
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}")
    real = read_cube(path)
    singles = mover_copies(real, path.name.split(".")[0], n, seed, movers, faintest, gold_fraction)
    return write_each(singles, columns(len(real.flux)), Path(out), n)


def mover_copies(
    real: RealCube, stem: str, n: int, seed: int, movers: float, faintest: float, gold_fraction: float
) -> Iterator[Single]:
    exposure = real.facts[0].exptime or DUTY * real.cadence
    for number in range(n):
        rng, gold_rng = (np.random.default_rng([seed, number, stream]) for stream in (0, 1))
        crossing = draw_movers(rng, int(rng.poisson(movers)), real.flux.shape, real.cadence, faintest)
        made = inject_cube(real.flux, crossing, exposure=exposure, seed=int(rng.integers(2**32)))
        row, truth = manifest_and_truth(made, f"{stem}-{seed}-{number:06d}", bool(gold_rng.random() < gold_fraction))
        row |= {"exptime": exposure, "band": real.facts[0].band, "object_group": stem}
        row |= {
            f"mjd{frame}": f"{fact.mjd_mid:.6f}" for frame, fact in enumerate(real.facts, 1) if fact.mjd_mid is not None
        }
        header: dict[str, Any] = {"REALPIX": stem[:60]} | (real.facts[0].wcs or {})
        yield Single(made.flux, row, truth, header, {"#mask": made.mask})
