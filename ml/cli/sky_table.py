"""Shared by the sky commands: their CSV on stdout or in a file, and one line on stderr with status 2 for bad input."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ml.io.safe_csv import CellWriter

Rows = tuple[Sequence[str], Iterable[Sequence[Any]]]
"""A header and its rows."""


def table_command(
    subparsers: Any, name: str, summary: str, work: Callable[[argparse.Namespace], Rows]
) -> argparse.ArgumentParser:
    """Add a command that writes the table of `work` as CSV; return its parser, for more arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(name, help=summary, description=summary)
    parser.add_argument("--out", type=Path, help="CSV to write (default: stdout)")
    parser.add_argument("--seed", type=int, default=0, help="has no effect: nothing here is random")

    def run(args: argparse.Namespace) -> int:
        try:
            header, rows = work(args)
            write_table(args.out, header, rows)
        except (ValueError, OSError) as error:
            sys.stderr.write(f"{name}: {' '.join(str(error).split())}\n")
            return 2
        return 0

    parser.set_defaults(run=run)
    return parser


def write_table(out: Path | None, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table to a file, or to stdout."""
    if out is None:
        _write(sys.stdout, header, rows)
        return
    with out.open("w", newline="", encoding="utf-8") as file:
        _write(file, header, rows)


def number(value: float, digits: int) -> str:
    """Return a number with some decimals; empty for NaN and infinity."""
    return f"{value:.{digits}f}" if abs(value) < float("inf") else ""


def _write(file: Any, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    writer = CellWriter(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
