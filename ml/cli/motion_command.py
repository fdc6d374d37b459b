"""`python -m ml motion`: rate, position angle and their errors for each tracklet of a CSV."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cli.sky_table import Rows, add_position_errors, errors_of, number, table_command
from ml.sky.detection_table import LACKING, read_detections
from ml.sky.detections import ONE_EXPOSURE
from ml.sky.motion import FLOOR
from ml.sky.tangent_plane import OFF_PLANE, positions
from ml.sky.weighted_motion import WeightedMotion, fit_weighted_motion

HEADER = (
    "tracklet", "n", "mjd", "ra", "dec", "rate", "rate_error", "pa", "pa_error", "chi2_dof",
    "bend_along", "bend_across", "bend_error", "problem",
)  # fmt: skip


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = table_command(subparsers, "motion", "fit every tracklet's motion on the sky, with errors", motion_table)
    parser.add_argument(
        "--data", type=Path, required=True, help="CSV: tracklet, mjd, ra, dec[, rms_ra, rms_dec, rms_corr, snr]"
    )
    add_position_errors(parser)
    parser.add_argument("--floor", type=float, default=FLOOR, help=f"least error from S/N, arcsec; default {FLOOR:g}")


def motion_table(args: argparse.Namespace) -> Rows:
    """Fit the tracklets of a CSV and return their table."""
    for name in ("rms", "seeing", "floor"):
        if (value := getattr(args, name)) is not None and not 0 < value < float("inf"):
            raise ValueError(f"--{name} must be a number above 0 arcsec")
    detections = read_detections(args.data)
    errors = errors_of(detections, rms=args.rms, seeing=args.seeing, floor=args.floor)
    names, place, shape = padded_rows(detections.name)

    def spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
        table = np.full(shape, np.nan)
        table[place] = values
        return table

    mjd, ra, dec = (
        spread(np.where(detections.usable, values, np.nan))
        for values in (detections.mjd, detections.ra, detections.dec)
    )
    motion = fit_weighted_motion(mjd, ra, dec, *map(spread, errors))
    counts, given = np.isfinite(mjd).sum(1), np.bincount(place[0], minlength=len(names))
    problems = [_problem(*each) for each in zip(counts.tolist(), given.tolist(), _unfitted(mjd, motion), strict=True)]
    if not np.isfinite(motion.rate).any():
        raise ValueError(f"none of {len(names)} tracklets has a motion ({names[0]}: {problems[0]})")
    return HEADER, _rows(names, motion, counts, problems)


def padded_rows(names: NDArray[np.str_]) -> tuple[NDArray[np.str_], tuple[Any, Any], tuple[int, int]]:
    """Return the distinct names in their first order, row and column of each detection, and the shape (N, F)."""
    distinct, first, code = np.unique(names, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))[code]
    order = np.argsort(rank, kind="stable")
    counts = np.bincount(rank)
    column = np.empty(len(names), int)
    column[order] = np.arange(len(names)) - np.repeat(np.cumsum(counts) - counts, counts)
    return distinct[np.argsort(first)], (rank, column), (len(distinct), int(counts.max()))


def _unfitted(mjd: NDArray[np.float64], motion: WeightedMotion) -> list[str]:
    """Return why two or more detections of a tracklet, at times (N, F), have no motion; empty if they have."""
    lasts = np.where(np.isfinite(mjd), mjd, -np.inf).max(1) - np.where(np.isfinite(mjd), mjd, np.inf).min(1)
    why = np.where(lasts > ONE_EXPOSURE, OFF_PLANE, "all detections have one time")
    found: list[str] = np.where(np.isfinite(motion.rate), "", why).tolist()
    return found


def _rows(names: NDArray[np.str_], motion: WeightedMotion, counts: Any, problems: list[str]) -> Iterator[list[str]]:
    ra, dec = positions(motion.position)
    columns = (
        motion.rate, motion.rate_error, motion.position_angle, motion.position_angle_error, motion.chi2_dof,
        *motion.bend.T, motion.bend_error[:, 1],
    )  # fmt: skip
    for at, name in enumerate(names):
        place = [number(motion.mjd[at], 7), *(number(v, 7) if counts[at] else "" for v in (ra[at], dec[at]))]
        yield [name, str(counts[at]), *place, *(number(column[at], 5) for column in columns), problems[at]]


def _problem(count: int, given: int, unfitted: str) -> str:
    """Say what a tracklet of so many usable and given detections lacks; empty if nothing."""
    problems = []
    if count < given:
        problems.append(f"{given - count} of {given} detections {LACKING}")
    if count == 0:
        problems.append("no detection left")
    elif count == 1:
        problems.append("one detection: no motion")
    elif unfitted:
        problems.append(unfitted)
    return "; ".join(problems)
