"""An ATLAS-like night: difference stamps of eight classes, single or linked into tracklets.

Source: Rabeendran & Denneau 2021, "A two-stage deep learning detection classifier for the ATLAS asteroid survey": 100 x
100 stamps, 30-second exposures, four of a field within half an hour.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ml.simulate.atlas.difference import BOGUS, CLASSES, REAL, Sources, Span, draw_sources, stamps
from ml.simulate.atlas.tracklets import MAX_DETECTIONS, SATELLITE, Visits, draw_tracklets, visit
from ml.simulate.writer import BLOCK, Block, block_sizes, write

EXPTIME = 30.0
PIXEL_SCALE = 1.86
LIMITING_MAG = 19.5
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
    gold_fraction: float = 0.1,
    progress: Callable[[int], object] | None = None,
) -> Path:
    """Write a simulated night to `out`: manifest.csv, truth.csv and FITS cubes.

    Parameters
    ----------
    n : int
        Number of subjects, balanced over the eight classes; satellites replace bogus ones.
    seed : int
        The same seed gives the same bytes.
    kind : {"stamp", "tracklet"}
    detections : int from 3 to 8, or None
        Frames of each tracklet; None draws them, mostly 4. Stamps ignore it.
    snr : pair of floats, optional
        S/N range of every class but NOISE; by default each class has its own, see docs/simulations.md.
    satellites : float in 0..0.5
        Fraction of the tracklets that are glints of a satellite, labelled SATELLITE; stamps ignore it.
    gold_fraction : float in 0..1
        Fraction of the rows marked as gold.
    progress : callable, optional
        Called with the number of subjects written since the last call.

    Returns
    -------
    Path
        The manifest.

    Raises
    ------
    ValueError
        For an invalid kind, number or fraction.
    """
    check(n, kind, detections, gold_fraction)
    if snr is not None and not 0 < snr[0] <= snr[1]:
        raise ValueError(f"snr must rise from above 0, not {snr}")
    if not 0 <= satellites <= 0.5:
        raise ValueError(f"satellites must lie between 0 and 0.5, not {satellites}")
    columns = STAMP_COLUMNS if kind == "stamp" else tracklet_columns(detections or MAX_DETECTIONS)
    blocks = night(
        n, seed, kind=kind, detections=detections, snr=snr, satellites=satellites, gold_fraction=gold_fraction
    )
    return write(blocks, columns, Path(out), progress=progress)


def check(n: int, kind: str, detections: int | None, gold_fraction: float) -> None:
    if n < 1:
        raise ValueError(f"n must be at least 1, not {n}")
    if kind not in ("stamp", "tracklet"):
        raise ValueError(f"kind must be 'stamp' or 'tracklet', not {kind!r}")
    if detections is not None and not 3 <= detections <= MAX_DETECTIONS:
        raise ValueError(f"a tracklet has 3 to {MAX_DETECTIONS} detections, not {detections}")
    if not 0 <= gold_fraction <= 1:
        raise ValueError(f"gold_fraction must lie between 0 and 1, not {gold_fraction}")


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
    gold_fraction: float = 0.1,
) -> Iterator[Block]:
    """Yield what `atlas` writes, block by block, without writing it."""
    for number, size in enumerate(block_sizes(n)):
        # Separate random streams, so that more gold or satellites do not change the rest of the sky.
        rng, gold_rng, satellite_rng = (np.random.default_rng([seed, number, stream]) for stream in (0, 1, 2))
        label = balanced_labels(rng, size)
        gold = gold_rng.random(size) < gold_fraction
        names = [f"atlas-{kind}-{seed}-{number * BLOCK + row:06d}" for row in range(size)]
        if kind == "stamp":
            yield stamp_block(rng, label, gold, names, snr)
        else:
            label = with_satellites(satellite_rng, label, satellites)
            yield tracklet_block(rng, label, gold, names, detections, snr)


def with_satellites(rng: np.random.Generator, label: np.ndarray, share: float) -> np.ndarray:
    """Replace bogus labels by SATELLITE, so that they are a fraction `share` of all."""
    bogus = np.isin(label, BOGUS)
    chosen = bogus & (rng.random(len(label)) * bogus.mean() < share)
    return np.where(chosen, SATELLITE, label)


def balanced_labels(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.permutation(np.resize(CLASSES, n))


def stamp_block(
    rng: np.random.Generator, label: np.ndarray, gold: np.ndarray, names: list[str], snr: Span | None
) -> Block:
    sources = draw_sources(rng, label, snr)
    pixels = stamps(rng, sources)
    seen = visit(rng, sources, np.ones(len(label), int))
    mag = magnitudes(rng, sources.snr)
    band = rng.choice(BANDS, len(label))
    rate = np.where(np.isin(label, REAL), seen.rate, np.nan)
    rows = []
    for row, name in enumerate(names):
        values = row_values(name, "stamp", label[row], gold[row], sources.snr[row], mag[row], rate[row])
        place = {"ra": f"{seen.ra[row]:.6f}", "dec": f"{seen.dec[row]:.6f}", "mjd": f"{seen.mjd[row]:.6f}"}
        rows.append(values | place | {"band": band[row]})
    return Block(pixels, np.ones(len(label), int), rows, [truth_row(row) for row in rows], header())


def tracklet_block(
    rng: np.random.Generator,
    label: np.ndarray,
    gold: np.ndarray,
    names: list[str],
    detections: int | None,
    snr: Span | None,
) -> Block:
    tracklets = draw_tracklets(rng, label, detections, snr)
    pixels = stamps(rng, tracklets.frames)
    seen = visit(rng, tracklets.frames, tracklets.count, slow=~np.isin(label, REAL), fixed=tracklets.fixed)
    mag = magnitudes(rng, tracklets.frames.snr)
    band = rng.choice(BANDS, len(label))
    rows = []
    first = np.cumsum(tracklets.count) - tracklets.count
    for row, name in enumerate(names):
        frames = slice(first[row], first[row] + tracklets.count[row])
        middle = float(np.median(tracklets.frames.snr[frames]))
        values = row_values(
            name, "tracklet", label[row], gold[row], middle, float(np.mean(mag[frames])), seen.rate[first[row]]
        )
        rows.append(values | {"band": band[row]} | frame_values(seen, mag, tracklets.frames, frames))
    return Block(pixels, tracklets.count, rows, [truth_row(row) for row in rows], header())


def frame_values(seen: Visits, mag: np.ndarray, sources: Sources, frames: slice) -> dict[str, Any]:
    """Fill the numbered columns of one tracklet, and the position of its middle detection."""
    values: dict[str, Any] = {}
    for number, index in enumerate(range(frames.start, frames.stop), 1):
        values |= {
            f"mjd{number}": f"{seen.mjd[index]:.6f}",
            f"ra{number}": f"{seen.ra[index]:.6f}",
            f"dec{number}": f"{seen.dec[index]:.6f}",
            f"mag{number}": f"{mag[index]:.2f}",
            f"#snr{number}": f"{sources.snr[index]:.1f}",
            f"#x{number}": f"{seen.x[index]:.1f}",
            f"#y{number}": f"{seen.y[index]:.1f}",
        }
    middle = (frames.start + frames.stop) // 2
    labels = ",".join(sources.label[frames])
    return values | {"ra": f"{seen.ra[middle]:.6f}", "dec": f"{seen.dec[middle]:.6f}", "#frame_labels": labels}


def row_values(name: str, kind: str, label: str, gold: bool, snr: float, mag: float, rate: float) -> dict[str, Any]:
    shown = "" if np.isnan(rate) else f"{rate:.1f}"
    return {
        "external_id": name, "kind": kind, "label": label, "gold": int(gold), "object_group": name,
        "exptime": EXPTIME, "mag": f"{mag:.2f}", "rate": shown, "#snr": f"{snr:.1f}", "#simulated": 1,
    }  # fmt: skip


def truth_row(row: dict[str, Any]) -> dict[str, Any]:
    shared = {key: row[key] for key in ("external_id", "label", "mag", "rate")}
    return shared | {"real": int(row["label"] in REAL), "snr": row["#snr"]}


def magnitudes(rng: np.random.Generator, snr: np.ndarray) -> np.ndarray:
    """Return the photometric magnitude of a source of this S/N on a night with a 5-sigma limit of 19.5."""
    return LIMITING_MAG - 2.5 * np.log10(snr / 5) + rng.normal(0, 0.05, len(snr))


def header() -> dict[str, Any]:
    return {"EXPTIME": EXPTIME, "PIXSCALE": PIXEL_SCALE, "BUNIT": "count"}
