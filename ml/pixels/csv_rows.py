"""Rows of CSV of bounded length: a file without line ends, or with a quote that is never closed, fills no memory."""

import csv
from collections.abc import Iterator
from typing import Any, Self, TextIO


class BoundedRows:
    """The rows of a file as `csv.reader` gives them; one that is too long raises csv.Error.

    Parameters
    ----------
    longest
        Most characters of a row.
    dialect
        As `csv.reader` takes it.
    """

    def __init__(self, file: TextIO, longest: int, **dialect: Any) -> None:
        self._file, self._longest, self._left = file, longest, longest
        self._reader = csv.reader(self._lines(), **dialect)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[str]:
        self._left = self._longest
        return next(self._reader)

    @property
    def line_num(self) -> int:
        return self._reader.line_num

    def _lines(self) -> Iterator[str]:
        while line := self._file.readline(self._left + 1):
            self._left -= len(line)
            if self._left < 0:
                raise csv.Error(f"a row has more than {self._longest} characters")
            yield line
