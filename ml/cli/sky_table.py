"""Shared by the sky commands: their CSV on stdout or in a file, and one line on stderr with status 2 for bad input."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cli.exit_status import exit_status
from ml.cli.outputs import check_outputs
from ml.cli.seed import add_seed
from ml.io.safe_csv import CellWriter
from ml.io.whole_file import whole_file
from ml.sky.detection_table import LACKING
from ml.sky.detections import Detections
from ml.sky.motion import SEEING, position_errors

Array = NDArray[np.float64]

Rows = tuple[Sequence[str], Iterable[Sequence[Any]]]
"""A header and its rows."""


def table_command(
    subparsers: Any, name: str, summary: str, work: Callable[[argparse.Namespace], Rows]
) -> argparse.ArgumentParser:
    """Add a command that writes the table of `work` as CSV; return its parser, for more arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(name, help=summary, description=summary)
    parser.add_argument("--out", type=Path, help="CSV to write (default: stdout)")
    add_seed(parser, "has no effect: nothing here is random")

    def run(args: argparse.Namespace) -> None:
        check_outputs(args, "out")
        write_table(args.out, *work(args))

    parser.set_defaults(run=lambda args: exit_status(name, lambda: run(args)))
    return parser


def write_table(out: Path | None, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table to a file, or to stdout."""
    if out is None:
        _write(sys.stdout, header, rows)
        return
    with whole_file(out) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        _write(file, header, rows)


def add_position_errors(parser: argparse.ArgumentParser) -> None:
    """Add what `errors_of` takes for detections without their own errors."""
    parser.add_argument("--rms", type=float, help="error of a position without rms_ra and rms_dec, arcsec")
    parser.add_argument(
        "--seeing",
        type=float,
        default=SEEING,
        help=f"FWHM, arcsec: the error from S/N where rms lacks; default {SEEING:g}",
    )


def errors_of(detections: Detections, *, rms: float | None, seeing: float, floor: float) -> tuple[Array, Array, Array]:
    """Return the errors (N,) of positions toward east and north, arcsec, and their correlation.

    Each detection has its own, or else `rms`, or else those that follow from its S/N; see `position_errors`.
    """
    seeing, floor = (seeing, floor) if rms is None else (0.0, rms)
    measured = (detections.rms_ra, detections.rms_dec, detections.rms_corr, detections.snr)
    return position_errors(*measured, seeing=seeing, floor=floor)


def unusable_rows(detections: Detections) -> list[str]:
    """Say how many rows have no possible time and position; empty if none."""
    count = int((~detections.usable).sum())
    return [f"{count} of {len(detections)} rows {LACKING} and are left out"] if count else []


def check_usable(usable: NDArray[np.bool_], problems: list[str]) -> None:
    """Raise ValueError, which tells the problems, if no row (N,) can be used."""
    if not usable.any():
        raise ValueError(f"no row can be used: {'; '.join(problems)}")


def number(value: float, digits: int) -> str:
    """Return a number with some decimals; empty for NaN and infinity."""
    return f"{value:.{digits}f}" if abs(value) < float("inf") else ""


def _write(file: Any, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    writer = CellWriter(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
