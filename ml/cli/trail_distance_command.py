"""`python -m ml trail-distance`: distances from the curvature of single trails, seen by a moving observer."""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ml.cli.sky_table import Rows, number, table_command
from ml.data.dataset import BadExamples
from ml.imaging.noise_normalisation import linear_noise
from ml.io.observer_place import observer_place, observer_velocity
from ml.io.read_subjects import read_or_refuse
from ml.io.records import BadInput, FrameRecord, SubjectRecord
from ml.sky.observer_path import observer_path
from ml.sky.parallax_distance import LEAST_CHANCE
from ml.trails.annotation import TRAIL
from ml.trails.line_marks import consensus_lines, read_marks
from ml.trails.maps import one_plane
from ml.trails.trail_distance import Exposure, TrailDistance, trail_distance

HEADER = (
    "external_id", "frame", "number", "points", "distance", "distance_error", "nearest", "parallax", "parallax_error",
    "chi2", "straight_chi2", "dof", "reversed_distance", "reversed_chi2", "problem",
)  # fmt: skip
Curves = dict[str, list[tuple[int, int, NDArray[np.float64]]]]
"""By subject: frame, number and curve (k, 2) of each trail."""


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    summary = "measure distances from the curvature of single trails"
    parser = table_command(subparsers, "trail-distance", summary, distance_table)
    parser.add_argument(
        "--data", type=Path, required=True, help="images with a WCS, time and exposure time: a manifest or FITS"
    )
    parser.add_argument(
        "--trails", type=Path, required=True,
        help="trails.parquet of score, or volunteers' lines: CSV of external_id, volunteer[, frame], x1, y1, x2, y2",
    )  # fmt: skip
    parser.add_argument("--min-score", type=float, default=0.5, help="of a detected asteroid trail (default 0.5)")
    parser.add_argument("--observatory", default="", help="MPC code for images without obs_x, …, obs_vz")


def distance_table(args: argparse.Namespace) -> Rows:
    """Measure the trails and return their table."""
    is_scan = args.trails.suffix == ".parquet"
    curves = _detected(args.trails, args.min_score) if is_scan else _marked(args.trails)
    return HEADER, _rows(args.data, curves, args.observatory)


def _detected(path: Path, least: float) -> Curves:
    columns = ["external_id", "frame", "number", "curve"]
    try:
        filters = [("score", ">=", least), ("class", "=", TRAIL)]
        table = pq.read_table(path, columns=columns, filters=filters)
    except Exception as error:  # pyarrow raises nearly anything for a file that is none of its own
        raise ValueError(f"{path} is no table of detected trails: {error}") from error
    curves: Curves = defaultdict(list)
    for row in table.to_pylist():
        curves[row["external_id"]].append((row["frame"], row["number"], np.array(row["curve"], dtype=np.float64)))
    return curves


def _marked(path: Path) -> Curves:
    try:
        marks = read_marks(path)
    except BadExamples as error:
        raise ValueError(str(error)) from error
    return {
        name: [
            (frame, at, each.line.reshape(2, 2))
            for frame in sorted({mark.frame for mark in lines})
            for at, each in enumerate(consensus_lines([mark for mark in lines if mark.frame == frame]))
        ]
        for name, lines in marks.items()
    }


def _rows(data: Path, curves: Curves, observatory: str) -> Iterator[list[str]]:
    missing = set(curves)
    for item in read_or_refuse(data):
        if isinstance(item, BadInput):
            sys.stderr.write(f"trail-distance: {item}\n")
            continue
        missing.discard(item.external_id)
        for frame, at, curve in curves.get(item.external_id, ()):
            yield [item.external_id, str(frame), str(at), *_measured(item, frame, curve, observatory)]
    for name in sorted(missing):
        sys.stderr.write(f"trail-distance: {name} has trails, but is not in {data}\n")


def _measured(item: SubjectRecord, position: int, curve: NDArray[np.float64], observatory: str) -> list[str]:
    try:
        frame = item.frames[position]
        found = trail_distance(
            linear_noise(one_plane(frame.pixels)), curve, _exposure(item, frame, position, observatory)
        )
    except (ValueError, IndexError) as error:
        problem = "it has no such frame" if isinstance(error, IndexError) else str(error)
        return [*[""] * (len(HEADER) - 4), problem]
    return _values(found)


def _exposure(item: SubjectRecord, frame: FrameRecord, position: int, observatory: str) -> Exposure:
    if frame.mjd_mid is None or not frame.exptime:
        raise ValueError("the image has no time or no exposure time")
    place, velocity = observer_place(item.metadata, position), observer_velocity(item.metadata, position)
    return Exposure(
        frame.mjd_mid, frame.exptime, frame.wcs or {}, observer_path(frame.mjd_mid, place, velocity, observatory)
    )


def _values(found: TrailDistance) -> list[str]:
    fit, other = found.parallax.fit, found.parallax.reversed
    measured = (fit.distance, fit.distance_error, fit.nearest, fit.parallax, fit.parallax_error)
    reverse = (number(other.distance, 6), number(other.chi2, 2)) if found.is_either else ("", "")
    unfit = "no distance fits the shape: is something else on the trail?"
    problem = unfit if found.chance < LEAST_CHANCE else fit.complaint
    chi2 = (number(fit.chi2, 2), number(fit.straight_chi2, 2), str(fit.dof))
    kept = len(found.points.points) - found.parallax.dropped
    return [str(kept), *(number(value, 6) for value in measured), *chi2, *reverse, problem]
