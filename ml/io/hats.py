"""HATS catalogues: tables in Parquet files by HEALPix pixel, as LSDB writes them; in a folder or a remote archive.

Source: https://hats.readthedocs.io, directory scheme.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from ml.io.records import BadInput
from ml.io.safe_csv import BoundedRows
from ml.io.safe_path import Files, Folder

INDEX = "partition_info.csv"
"""Lists the partitions, in a catalogue's root."""
MAX_ORDER = 29
"""Of HEALPix, in 64 bits."""

_PATTERNS = ("Norder=*/Dir=*/Npix=*.parquet", "Norder=*/Dir=*/Npix=*/*.parquet")
_PER_FOLDER = 10_000
_LONGEST_ROW = 1000


class Catalogue:
    """A table in partitions.

    Attributes
    ----------
    name
        For messages.
    files
        Where the partitions are.
    """

    def __init__(self, name: str, files: Files, names: Callable[[], Iterable[str]]) -> None:
        self.name, self.files, self._names = name, files, names

    def partitions(self) -> Iterator[Path]:
        """Yield the partitions one by one, as they are needed; raises BadInput for one that cannot be had."""
        for name in self._names():
            yield self.files.file(name)


def catalogue_in(folder: Path) -> Catalogue | None:
    """Return the catalogue that a folder is; None if it is none. A partition may be a folder of files."""
    if not any(folder.glob("dataset/Norder=*")):
        return None
    return Catalogue(folder.name, Folder(folder), partial(_found, folder))


def remote_catalogue(name: str, files: Files) -> Catalogue:
    """Return the catalogue at the root of a remote archive; its `INDEX` is read when its partitions are needed."""
    return Catalogue(name, files, partial(_listed, files))


def _found(folder: Path) -> list[str]:
    found = (each for pattern in _PATTERNS for each in folder.glob(f"dataset/{pattern}"))
    return [str(each.relative_to(folder)) for each in sorted(found) if each.is_file()]


def _listed(files: Files) -> Iterator[str]:
    try:
        index = files.file(INDEX)
    except BadInput as bad:
        raise bad.at(image=INDEX) from None
    with index.open(encoding="utf-8", errors="replace", newline="") as file:
        rows = BoundedRows(file, _LONGEST_ROW)
        try:
            columns = {name.strip(): at for at, name in enumerate(next(rows, []))}
            for row in rows:
                yield _partition(*(_number(row, columns.get(name)) for name in ("Norder", "Npix")))
        except csv.Error:
            raise _not_listed() from None


def _number(row: list[str], at: int | None) -> int:
    text = row[at].strip() if at is not None and at < len(row) else ""
    if not (text.isascii() and text.isdigit()):
        raise _not_listed()
    return int(text)


def _not_listed() -> BadInput:
    return BadInput("%(index)s must list partitions by whole numbers Norder and Npix.", index=INDEX)


def _partition(order: int, pixel: int) -> str:
    if order > MAX_ORDER or pixel >= 12 * 4**order:
        raise BadInput("%(index)s lists pixel %(pixel)s of order %(order)s, which HEALPix does not have.",
                       index=INDEX, pixel=pixel, order=order)  # fmt: skip
    return f"dataset/Norder={order}/Dir={pixel // _PER_FOLDER * _PER_FOLDER}/Npix={pixel}.parquet"
