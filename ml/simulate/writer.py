"""Write a simulated sky to disk: FITS cubes, manifest and truth."""

import csv
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from astropy.io import fits

from ml.io.limits import size_in_words
from ml.io.whole_file import whole_file

BLOCK = 256
KEPT_FREE = 512 * 2**20
"""Bytes of the disk that a simulation leaves."""
TRUTH_COLUMNS = ("external_id", "label", "real", "snr", "mag", "rate")
Rows = list[dict[str, Any]]


@dataclass
class SubjectBlock:
    """At most `BLOCK` subjects drawn together.

    pixels : (planes, H, W) float32, the subjects' planes concatenated.
    planes : number of planes of each subject, summing to len(pixels).
    rows : one dictionary of manifest values per subject; `truth` the same for truth.csv.
    header : FITS cards for the whole cube.
    """

    pixels: np.ndarray
    planes: np.ndarray
    rows: Rows
    truth: Rows
    header: dict[str, Any]


@dataclass
class Single:
    """One subject too large to share a cube.

    pixels : the subject's array, as it is written.
    companions : arrays written beside it, by the manifest column that names their files.
    row, truth, header : as in `SubjectBlock`.
    """

    pixels: np.ndarray
    row: dict[str, Any]
    truth: dict[str, Any]
    header: dict[str, Any]
    companions: dict[str, np.ndarray] = field(default_factory=dict)


def block_sizes(n: int) -> Iterable[int]:
    """Sizes of the blocks that together hold `n` subjects."""
    return chain((BLOCK for _ in range(n // BLOCK)), filter(None, [n % BLOCK]))


def write_blocks(
    blocks: Iterable[SubjectBlock],
    columns: tuple[str, ...],
    out: Path,
    n: int,
    *,
    progress: Callable[[int], object] | None = None,
) -> Path:
    """Write blocks as they come, in constant memory.

    Raises ValueError if so many subjects as large as the first do not fit onto the disk.

    Parameters
    ----------
    blocks : iterable of Block
    columns : tuple of str
        Columns of the manifest, `image` and `planes` among them.
    out : Path
        Folder to write into; created if missing, files of the same name are replaced.
    n : int
        Number of subjects in all blocks.
    progress : callable, optional
        Called with the number of subjects written since the last call.

    Returns
    -------
    Path
        The manifest. A row's planes are ``cube[a:b]`` for ``planes`` = "a:b", counted from 0.
    """
    coming = iter(blocks)
    first = next(coming)
    _check_room(out, n, first.pixels.nbytes // len(first.rows))
    return _written(_cubes(chain([first], coming), out), columns, out, progress)


def write_each(
    subjects: Iterable[Single],
    columns: tuple[str, ...],
    out: Path,
    n: int,
    *,
    progress: Callable[[int], object] | None = None,
) -> Path:
    """Write subjects to files of their own: parameters, errors, manifest and truth as in `write_blocks`."""
    coming = iter(subjects)
    first = next(coming)
    _check_room(out, n, sum(array.nbytes for array in (first.pixels, *first.companions.values())))
    return _written(_files(chain([first], coming), out), columns, out, progress)


def _written(
    parts: Iterable[tuple[Rows, Rows]], columns: tuple[str, ...], out: Path, progress: Callable[[int], object] | None
) -> Path:
    """Write manifest and truth from parts of both; they appear once all images are written."""
    manifest, truths = out / "manifest.csv", out / "truth.csv"
    for earlier in (manifest, truths):
        earlier.unlink(missing_ok=True)  # of other pixels than these
    with (
        whole_file(truths) as truth_path,
        whole_file(manifest) as rows_path,
        rows_path.open("w", newline="") as rows_file,
        truth_path.open("w", newline="") as truth_file,
    ):
        rows, truth = csv_table(rows_file, columns), csv_table(truth_file, TRUTH_COLUMNS)
        for of_manifest, of_truth in parts:
            rows.writerows(of_manifest)
            truth.writerows(of_truth)
            if progress:
                progress(len(of_manifest))
    return manifest


def _cubes(blocks: Iterable[SubjectBlock], out: Path) -> Iterator[tuple[Rows, Rows]]:
    for number, block in enumerate(blocks):
        name = f"cube-{number:05d}.fits"
        fits.writeto(out / name, block.pixels, fits_header(block.header), overwrite=True)
        yield place_in_cube(block, name), block.truth


def _files(subjects: Iterable[Single], out: Path) -> Iterator[tuple[Rows, Rows]]:
    for number, subject in enumerate(subjects):
        names = {"image": f"{subject.row['kind']}-{number:05d}.fits"}
        names |= {column: f"{column.lstrip('#!')}-{number:05d}.fits" for column in subject.companions}
        for column, name in names.items():
            pixels = subject.companions.get(column, subject.pixels)
            fits.writeto(out / name, pixels, fits_header(subject.header), overwrite=True)
        yield [subject.row | names], [subject.truth]


def _check_room(out: Path, n: int, nbytes: int) -> None:
    """Raise ValueError if n subjects of so many bytes would leave less than `KEPT_FREE` on the disk of `out`."""
    out.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(out).free
    if n * nbytes > free - KEPT_FREE:
        raise ValueError(
            f"{n:,} subjects need {size_in_words(n * nbytes)}, but the disk of {out} has {size_in_words(free)} free, of"
            f" which {size_in_words(KEPT_FREE)} must stay: ask for fewer, or choose a larger disk"
        )


def csv_table(file: TextIO, columns: tuple[str, ...]) -> "csv.DictWriter[str]":
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
    writer.writeheader()
    return writer


def fits_header(cards: dict[str, Any]) -> fits.Header:
    return fits.Header([("ORIGIN", "simulated", "made by wanderers, not by a telescope"), *cards.items()])


def place_in_cube(block: SubjectBlock, name: str) -> Rows:
    stop = np.cumsum(block.planes)
    spans = zip(stop - block.planes, stop, strict=True)
    return [
        row | {"image": name, "planes": f"{first}:{last}"} for row, (first, last) in zip(block.rows, spans, strict=True)
    ]
