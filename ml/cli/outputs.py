"""Keep a command from replacing a file that it reads."""

import argparse
from pathlib import Path
from typing import Any

WRITTEN = ("out", "obs")
"""The options that name a file to write."""


def check_outputs(args: argparse.Namespace) -> None:
    """Raise ValueError if the command would write to a file that it reads; the message names both options."""
    given = vars(args)
    for name in WRITTEN:
        for other in given.keys() - set(WRITTEN):
            if any(_is_same(given.get(name), each) for each in _each(given[other])):
                raise ValueError(f"--{name} is the file that --{other} reads, and would replace it. Name another file.")


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_same(one: Any, other: Any) -> bool:
    paths = isinstance(one, Path) and isinstance(other, Path)
    return paths and one.exists() and other.exists() and one.samefile(other)
