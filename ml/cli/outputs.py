"""Keep a command from replacing a file that it reads, and from working in vain for one that it cannot write."""

import argparse
from pathlib import Path
from typing import Any

WRITTEN = ("out", "obs", "report")
"""The options that name a file or a folder to write."""
FILES = ("obs", "report")
"""Those of them that name a file in every command."""
OTHER_FORMATS = {".csv", ".tsv", ".txt", ".json", ".fits"}


def check_outputs(args: argparse.Namespace, *files: str) -> None:
    """Raise ValueError if the command would write to a file that it reads, or where no file can be.

    `files` are further options that name a file in this command.
    """
    given = vars(args)
    for name in (*FILES, *files):
        check_file(name, given.get(name))
    for name in WRITTEN:
        for other in given.keys() - set(WRITTEN):
            if any(_is_same(given.get(name), each) for each in _each(given[other])):
                raise ValueError(f"--{name} is the file that --{other} reads, and would replace it. Name another file.")


def check_file(name: str, path: Path | None) -> None:
    """Raise ValueError if the option `name` is a path where no file can be."""
    if path is not None and path.is_dir():
        raise ValueError(f"--{name} is {path}: that is a folder.")
    if path is not None and not path.parent.is_dir():
        raise ValueError(f"--{name} is {path}: its folder is not there.")


def check_parquet(out: Path) -> None:
    """Raise ValueError if the scores' file is named as one of another format."""
    if out.suffix.lower() in OTHER_FORMATS:
        raise ValueError(f"--out is {out}, but scores are Parquet: name it {out.with_suffix('.parquet').name}.")


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_same(one: Any, other: Any) -> bool:
    paths = isinstance(one, Path) and isinstance(other, Path)
    return paths and one.exists() and other.exists() and one.samefile(other)
