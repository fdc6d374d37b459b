"""`python -m ml link`: link single detections of a night into tracklets."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ml.cli.sky_table import (
    Rows,
    add_position_errors,
    check_usable,
    errors_of,
    number,
    table_command,
    unusable_rows,
)
from ml.sky.detection_table import OBSERVER, OBSERVER_VELOCITY, read_detections
from ml.sky.detections import Detections
from ml.sky.linking import LONGEST, LinkLimits, link
from ml.sky.motion import FLOOR
from ml.sky.tangent_plane import unit_vectors

HEADER = (
    "tracklet", "mjd", "ra", "dec", "rms_ra", "rms_dec", "rms_corr", "mag", "snr", "band", "row", "detection",
    "observatory", *OBSERVER, *OBSERVER_VELOCITY,
)  # fmt: skip


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    limits = LinkLimits()
    parser = table_command(subparsers, "link", "link single detections of a night into tracklets", link_table)
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="CSV: mjd, ra, dec[, detection, rms_ra, rms_dec, rms_corr, mag, snr, band, observatory, obs_x…z, "
        "obs_vx…vz]",
    )
    add_position_errors(parser)
    parser.add_argument(
        "--min-rate", type=float, default=limits.min_rate, help=f"arcsec per hour; default {limits.min_rate:g}"
    )
    parser.add_argument(
        "--max-rate", type=float, default=limits.max_rate, help=f"arcsec per hour; default {limits.max_rate:g}"
    )
    parser.add_argument(
        "--min-detections",
        type=int,
        default=limits.min_detections,
        help=f"3 to {LONGEST}; default {limits.min_detections}",
    )
    parser.add_argument(
        "--max-gap",
        type=float,
        default=limits.max_gap,
        help=f"hours between neighbouring detections; default {limits.max_gap:g}",
    )
    parser.add_argument(
        "--min-chance",
        type=float,
        default=limits.min_chance,
        help=f"fraction of movers that the test of uniformity may cost; default {limits.min_chance:g}",
    )


def link_table(args: argparse.Namespace) -> Rows:
    """Link the detections of a CSV; the table has one row a linked detection, as the other commands read it."""
    limits = LinkLimits(args.min_rate, args.max_rate, args.min_detections, args.max_gap, args.min_chance)
    if not 0 <= limits.min_rate < limits.max_rate <= 36_000 or not 3 <= limits.min_detections <= LONGEST:
        raise ValueError(f"rates must be 0 ≤ min < max ≤ 36000 arcsec/h, --min-detections 3 to {LONGEST}")
    if not 0 < limits.max_gap <= 24 or not 0 <= limits.min_chance < 1:
        raise ValueError("--max-gap must be 0 to 24 hours, --min-chance 0 to 1")
    if not args.seeing > 0 or not (args.rms is None or args.rms > 0):
        raise ValueError("--seeing and --rms must be more than 0 arcsec")
    detections = read_detections(args.data, "detection", need_name=False)
    problems = unusable_rows(detections)
    check_usable(detections.usable, problems)
    for problem in problems:
        sys.stderr.write(f"link: {problem}\n")
    usable = np.flatnonzero(detections.usable)
    errors = errors_of(detections, rms=args.rms, seeing=args.seeing, floor=FLOOR)
    rms_ra, rms_dec, corr = (error[usable] for error in errors)
    directions = unit_vectors(detections.ra[usable], detections.dec[usable])
    found = link(detections.mjd[usable], directions, rms_ra, rms_dec, corr, limits)
    if not found:
        least = limits.min_detections
        sys.stderr.write(f"link: no tracklet in {len(usable)} detections; one needs at least {least}\n")
    return HEADER, _rows(detections, errors, [usable[rows] for rows in found])


def _rows(detections: Detections, errors: tuple[Any, ...], tracklets: list[Any]) -> Iterator[list[str]]:
    for count, rows in enumerate(tracklets, 1):
        for row in rows:
            place = (number(detections.mjd[row], 8), number(detections.ra[row], 7), number(detections.dec[row], 7))
            measured = [number(values[row], 4) for values in (*errors, detections.mag, detections.snr)]
            observer = [number(value, 4) for value in detections.observer[row]]
            moving = [number(value, 6) for value in detections.observer_velocity[row]]
            own = (detections.band[row], str(row + 1), detections.name[row], detections.observatory[row])
            yield [f"T{count:05d}", *place, *measured, *own, *observer, *moving]
