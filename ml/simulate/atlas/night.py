"""An ATLAS-like night: difference stamps of eight classes, single or linked into tracklets.

Source: Rabeendran & Denneau 2021, "A two-stage deep learning detection classifier for the ATLAS asteroid survey": 100 x
100 stamps, 30-second exposures, four of a field within half an hour.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ml.simulate.atlas.atlas_tracklets import MAX_DETECTIONS, SATELLITE, Visits, draw_tracklets, visit
from ml.simulate.atlas.difference import BOGUS, CLASSES, REAL, Sources, Span, difference_stamps, draw_sources
from ml.simulate.simulator_options import check_count, check_range, class_mix
from ml.simulate.writer import BLOCK, SubjectBlock, block_sizes, write_blocks

EXPTIME = 30.0
PIXEL_SCALE = 1.86
LIMITING_MAG = 19.5
HIGHEST_SNR = 1e5
BANDS = ("o", "c")
STAMP_COLUMNS = (
    "external_id", "kind", "image", "planes", "label", "gold", "object_group", "ra", "dec", "mjd", "exptime", "band",
    "mag", "rate", "#snr", "#simulated",
)  # fmt: skip
FRAME_COLUMNS = ("mjd", "ra", "dec", "mag", "#snr", "#x", "#y")
SATELLITES = 0.08


def atlas(
    n: int,
    seed: int,
    out: str | Path,
    *,
    kind: str = "stamp",
    detections: int | None = 4,
    snr: Span | None = None,
    satellites: float = SATELLITES,
    share: float | None = None,
    gold_fraction: float = 0.1,
    progress: Callable[[int], object] | None = None,
) -> Path:
    """Write a simulated night to `out`: manifest.csv, truth.csv and FITS cubes.

    Raises ValueError for an invalid kind, number or fraction.

    Parameters
    ----------
    n : int
        Number of subjects, balanced over the eight classes unless `share` is given; satellites replace bogus ones.
    seed : int
        The same seed gives the same bytes.
    out : path
    kind : {"stamp", "tracklet"}
    detections : int from 3 to 8, or None
        Frames of each tracklet; None draws them, mostly 4. Stamps ignore it.
    snr : pair of floats, optional
        S/N range of every class but NOISE; by default each class has its own, see docs/simulations.md.
    satellites : float in 0..0.5
        Fraction of the tracklets that are glints of a satellite, labelled SATELLITE; stamps ignore it.
    share : float in 0..1, optional
        Fraction of real subjects, three eighths by default.
    gold_fraction : float in 0..1
        Fraction of the rows marked as gold.
    progress : callable, optional
        Called with the number of subjects written since the last call.

    Returns
    -------
    Path
        The manifest.
    """
    check_count(n)
    check_range(0, 0.5, satellites=satellites)
    check_range(0, 1, gold_fraction=gold_fraction, share=share or 0.0)
    if kind not in ("stamp", "tracklet"):
        raise ValueError(f"kind must be 'stamp' or 'tracklet', not {kind!r}")
    if detections is not None and not 3 <= detections <= MAX_DETECTIONS:
        raise ValueError(f"a tracklet has 3 to {MAX_DETECTIONS} detections, not {detections}")
    if snr is not None and not 0 < snr[0] <= snr[1] <= HIGHEST_SNR:
        raise ValueError(f"snr must rise from above 0 to at most {HIGHEST_SNR:g}, not {snr}")
    columns = STAMP_COLUMNS if kind == "stamp" else tracklet_columns(detections or MAX_DETECTIONS)
    blocks = night(
        n, seed, kind=kind, detections=detections, snr=snr, satellites=satellites, share=share,
        gold_fraction=gold_fraction,
    )  # fmt: skip
    return write_blocks(blocks, columns, Path(out), n, progress=progress)


def tracklet_columns(frames: int) -> tuple[str, ...]:
    per_frame = [f"{name}{frame}" for name in FRAME_COLUMNS for frame in range(1, frames + 1)]
    plain = [name for name in STAMP_COLUMNS if name != "mjd"]
    return (*plain[:-1], *per_frame, "#frame_labels", plain[-1])


def night(
    n: int,
    seed: int,
    *,
    kind: str = "stamp",
    detections: int | None = 4,
    snr: Span | None = None,
    satellites: float = SATELLITES,
    share: float | None = None,
    gold_fraction: float = 0.1,
) -> Iterator[SubjectBlock]:
    """Yield what `atlas` writes, block by block, without writing it."""
    for number, size in enumerate(block_sizes(n)):
        # Separate random streams, so that more gold or satellites do not change the rest of the sky.
        rng, gold_rng, satellite_rng = (np.random.default_rng([seed, number, stream]) for stream in (0, 1, 2))
        label = rng.permutation(class_mix(size, CLASSES, REAL, share))
        gold = gold_rng.random(size) < gold_fraction
        names = [f"atlas-{kind}-{seed}-{number * BLOCK + row:06d}" for row in range(size)]
        if kind == "stamp":
            yield stamp_block(rng, label, gold, names, snr)
        else:
            label = with_satellites(satellite_rng, label, satellites)
            yield tracklet_block(rng, label, gold, names, detections, snr)


def with_satellites(rng: np.random.Generator, label: np.ndarray, fraction: float) -> np.ndarray:
    """Replace bogus labels by SATELLITE, so that about `fraction` of all are."""
    bogus = np.isin(label, BOGUS)
    chosen = bogus & (rng.random(len(label)) * bogus.mean() < fraction)
    return np.where(chosen, SATELLITE, label)


def stamp_block(
    rng: np.random.Generator, label: np.ndarray, gold: np.ndarray, names: list[str], snr: Span | None
) -> SubjectBlock:
    sources = draw_sources(rng, label, snr)
    pixels = difference_stamps(rng, sources)
    visits = visit(rng, sources, np.ones(len(label), int))
    mag = magnitudes(rng, sources.snr)
    band = rng.choice(BANDS, len(label))
    rate = np.where(np.isin(label, REAL), visits.rate, np.nan)
    rows = []
    for row, name in enumerate(names):
        values = row_values(name, "stamp", label[row], gold[row], sources.snr[row], mag[row], rate[row])
        place = {"ra": f"{visits.ra[row]:.6f}", "dec": f"{visits.dec[row]:.6f}", "mjd": f"{visits.mjd[row]:.6f}"}
        rows.append(values | place | {"band": band[row]})
    return SubjectBlock(pixels, np.ones(len(label), int), rows, [truth_row(row) for row in rows], header())


def tracklet_block(
    rng: np.random.Generator,
    label: np.ndarray,
    gold: np.ndarray,
    names: list[str],
    detections: int | None,
    snr: Span | None,
) -> SubjectBlock:
    tracklets = draw_tracklets(rng, label, detections, snr)
    pixels = difference_stamps(rng, tracklets.frames)
    visits = visit(rng, tracklets.frames, tracklets.count, slow=~np.isin(label, REAL), fixed=tracklets.fixed)
    mag = magnitudes(rng, tracklets.frames.snr)
    band = rng.choice(BANDS, len(label))
    rows = []
    first = np.cumsum(tracklets.count) - tracklets.count
    for row, name in enumerate(names):
        frames = slice(first[row], first[row] + tracklets.count[row])
        middle = float(np.median(tracklets.frames.snr[frames]))
        values = row_values(
            name, "tracklet", label[row], gold[row], middle, float(np.mean(mag[frames])), visits.rate[first[row]]
        )
        rows.append(values | {"band": band[row]} | frame_values(visits, mag, tracklets.frames, frames))
    return SubjectBlock(pixels, tracklets.count, rows, [truth_row(row) for row in rows], header())


def frame_values(visits: Visits, mag: np.ndarray, sources: Sources, frames: slice) -> dict[str, Any]:
    """Fill the numbered columns of one tracklet, and the position of its middle detection."""
    values: dict[str, Any] = {}
    for number, index in enumerate(range(frames.start, frames.stop), 1):
        values |= {
            f"mjd{number}": f"{visits.mjd[index]:.6f}",
            f"ra{number}": f"{visits.ra[index]:.6f}",
            f"dec{number}": f"{visits.dec[index]:.6f}",
            f"mag{number}": f"{mag[index]:.2f}",
            f"#snr{number}": f"{sources.snr[index]:.1f}",
            f"#x{number}": f"{visits.x[index]:.1f}",
            f"#y{number}": f"{visits.y[index]:.1f}",
        }
    middle = (frames.start + frames.stop) // 2
    labels = ",".join(sources.label[frames])
    return values | {"ra": f"{visits.ra[middle]:.6f}", "dec": f"{visits.dec[middle]:.6f}", "#frame_labels": labels}


def row_values(name: str, kind: str, label: str, gold: bool, snr: float, mag: float, rate: float) -> dict[str, Any]:
    rate_text = "" if np.isnan(rate) else f"{rate:.1f}"
    return {
        "external_id": name, "kind": kind, "label": label, "gold": int(gold), "object_group": name,
        "exptime": EXPTIME, "mag": f"{mag:.2f}", "rate": rate_text, "#snr": f"{snr:.1f}", "#simulated": 1,
    }  # fmt: skip


def truth_row(row: dict[str, Any]) -> dict[str, Any]:
    shared = {key: row[key] for key in ("external_id", "label", "mag", "rate")}
    return shared | {"real": int(row["label"] in REAL), "snr": row["#snr"]}


def magnitudes(rng: np.random.Generator, snr: np.ndarray) -> np.ndarray:
    """Return the photometric magnitude of a source of this S/N on a night with a 5-sigma limit of 19.5."""
    return LIMITING_MAG - 2.5 * np.log10(snr / 5) + rng.normal(0, 0.05, len(snr))


def header() -> dict[str, Any]:
    return {"EXPTIME": EXPTIME, "PIXSCALE": PIXEL_SCALE, "BUNIT": "count"}
