"""Write a simulated sky to disk: FITS cubes, manifest and truth."""

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from astropy.io import fits

BLOCK = 256
TRUTH_COLUMNS = ("external_id", "label", "real", "snr", "mag", "rate")


@dataclass
class Block:
    """At most `BLOCK` subjects drawn together.

    pixels : (planes, H, W) float32, the subjects' planes concatenated.
    planes : number of planes of each subject, summing to len(pixels).
    rows : one dictionary of manifest values per subject; `truth` the same for truth.csv.
    header : FITS cards for the whole cube.
    """

    pixels: np.ndarray
    planes: np.ndarray
    rows: list[dict[str, Any]]
    truth: list[dict[str, Any]]
    header: dict[str, Any]


@dataclass
class Single:
    """One subject too large to share a cube.

    pixels : the subject's array, as it is written.
    companions : arrays written beside it, by the manifest column that names their files.
    row, truth, header : as in `Block`.
    """

    pixels: np.ndarray
    row: dict[str, Any]
    truth: dict[str, Any]
    header: dict[str, Any]
    companions: dict[str, np.ndarray] = field(default_factory=dict)


def block_sizes(n: int) -> Iterable[int]:
    """Sizes of the blocks that together hold `n` subjects."""
    return chain((BLOCK for _ in range(n // BLOCK)), filter(None, [n % BLOCK]))


def write(
    blocks: Iterable[Block], columns: tuple[str, ...], out: Path, *, progress: Callable[[int], object] | None = None
) -> Path:
    """Write blocks as they come, in constant memory.

    Parameters
    ----------
    blocks : iterable of Block
    columns : tuple of str
        Columns of the manifest, `image` and `planes` among them.
    out : Path
        Folder to write into; created if missing, files of the same name are replaced.
    progress : callable, optional
        Called with the number of subjects written since the last call.

    Returns
    -------
    Path
        The manifest. A row's planes are ``cube[a:b]`` for ``planes`` = "a:b", counted from 0.
    """
    out.mkdir(parents=True, exist_ok=True)
    manifest = out / "manifest.csv"
    with manifest.open("w", newline="") as rows_file, (out / "truth.csv").open("w", newline="") as truth_file:
        rows, truth = table(rows_file, columns), table(truth_file, TRUTH_COLUMNS)
        for number, block in enumerate(blocks):
            name = f"cube-{number:05d}.fits"
            write_cube(out / name, block)
            rows.writerows(place_in_cube(block, name))
            truth.writerows(block.truth)
            if progress:
                progress(len(block.rows))
    return manifest


def write_each(
    subjects: Iterable[Single],
    columns: tuple[str, ...],
    out: Path,
    *,
    progress: Callable[[int], object] | None = None,
) -> Path:
    """Write subjects to separate files: parameters, manifest and truth as in `write`."""
    out.mkdir(parents=True, exist_ok=True)
    manifest = out / "manifest.csv"
    with manifest.open("w", newline="") as rows_file, (out / "truth.csv").open("w", newline="") as truth_file:
        rows, truth = table(rows_file, columns), table(truth_file, TRUTH_COLUMNS)
        for number, subject in enumerate(subjects):
            kind = subject.row["kind"]
            named = {"image": (f"{kind}-{number:05d}.fits", subject.pixels)}
            for column, pixels in subject.companions.items():
                named[column] = f"{column.lstrip('#!')}-{number:05d}.fits", pixels
            for name, pixels in named.values():
                fits.writeto(out / name, pixels, labelled(subject.header), overwrite=True)
            rows.writerow(subject.row | {column: name for column, (name, _) in named.items()})
            truth.writerow(subject.truth)
            if progress:
                progress(1)
    return manifest


def table(file: TextIO, columns: tuple[str, ...]) -> "csv.DictWriter[str]":
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
    writer.writeheader()
    return writer


def write_cube(path: Path, block: Block) -> None:
    fits.writeto(path, block.pixels, labelled(block.header), overwrite=True)


def labelled(cards: dict[str, Any]) -> fits.Header:
    return fits.Header([("ORIGIN", "simulated", "made by wanderers, not by a telescope"), *cards.items()])


def place_in_cube(block: Block, name: str) -> list[dict[str, Any]]:
    stop = np.cumsum(block.planes)
    spans = zip(stop - block.planes, stop, strict=True)
    return [
        row | {"image": name, "planes": f"{first}:{last}"} for row, (first, last) in zip(block.rows, spans, strict=True)
    ]
