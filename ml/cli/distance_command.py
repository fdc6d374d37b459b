"""`python -m ml distance`: the distance of each tracklet or trail from the parallax of its moving observer."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cli.sky_table import Rows, check_usable, errors_of, number, table_command, unusable_rows
from ml.sky.detection_table import read_detections
from ml.sky.detections import Detections
from ml.sky.observatories import read_observatories
from ml.sky.observers import Observers, observers_of
from ml.sky.parallax_distance import Errors, fit_parallax
from ml.sky.tangent_plane import unit_vectors

HEADER = (
    "tracklet", "n", "distance", "distance_error", "nearest", "parallax", "parallax_error",
    "chi2", "straight_chi2", "dof", "problem",
)  # fmt: skip


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = table_command(subparsers, "distance", "measure distances from the observer's parallax", distance_table)
    parser.add_argument(
        "--data", type=Path, required=True,
        help="CSV: tracklet, mjd, ra, dec[, rms_ra, rms_dec, rms_corr, observatory, obs_x, obs_y, obs_z]",
    )  # fmt: skip
    parser.add_argument(
        "--rms", type=float, default=0.05, help="error of a position without rms, arcsec (default 0.05)"
    )
    parser.add_argument("--observatory", default="500", help="MPC code for rows without one")


def distance_table(args: argparse.Namespace) -> Rows:
    """Fit the tracklets of a CSV and return their table."""
    if not args.rms > 0:
        raise ValueError("--rms must be more than 0 arcsec")
    detections = read_detections(args.data)
    observers, problems = observers_of(detections, read_observatories(), args.observatory)
    problems += unusable_rows(detections)
    usable = detections.usable & np.isfinite(observers.position).all(1)
    check_usable(usable, problems)
    for problem in problems:
        sys.stderr.write(f"distance: {problem}\n")
    errors = errors_of(detections, rms=args.rms, seeing=0.0, floor=0.0)
    return HEADER, _rows(detections, usable, observers, errors)


def _rows(
    detections: Detections, usable: NDArray[np.bool_], observers: Observers, errors: Errors
) -> Iterator[list[str]]:
    directions = unit_vectors(detections.ra, detections.dec)
    for name in dict.fromkeys(detections.name.tolist()):
        rows = np.flatnonzero((detections.name == name) & usable)
        try:
            own = (errors[0][rows], errors[1][rows], errors[2][rows])
            found = fit_parallax(detections.mjd[rows], directions[rows], own, observers.position[rows])
        except ValueError as error:
            yield [name, str(len(rows)), *[""] * (len(HEADER) - 3), str(error)]
            continue
        distance = (found.distance, found.distance_error) if not found.complaint else (np.nan, np.nan)
        nearest = np.nan if found.is_unfit else found.nearest
        values = (*distance, nearest, found.parallax, found.parallax_error)
        fits = (number(found.chi2, 2), number(found.straight_chi2, 2), str(found.dof))
        yield [name, str(len(rows)), *(number(value, 6) for value in values), *fits, found.complaint]
