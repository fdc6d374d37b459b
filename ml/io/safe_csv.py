"""Safe CSV: rows of bounded length in, and no spreadsheet formulas out."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from numbers import Number
from typing import Any, Self, TextIO

_STARTS_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""Also the full-width signs, which some spreadsheets take for the plain ones."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def harmless(value: Any) -> Any:
    """Prefix text that a spreadsheet would run as a formula with an apostrophe; numbers stay, signs included.

    Whatever is neither None nor a number, such as a row of the database, is written as it prints.
    """
    if value is None or isinstance(value, (int, float, Number)):
        return value
    text = str(value)
    return f"'{text}" if _STARTS_FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


class CellWriter:
    """Like `csv.writer`, with every text made harmless.

    Parameters
    ----------
    file
        Anything with a method `write`.
    dialect
        As `csv.writer` takes it.
    """

    def __init__(self, file: Any, **dialect: Any) -> None:
        self._writer = csv.writer(file, **dialect)

    def writerow(self, row: Iterable[Any]) -> Any:
        """Write a row; return what the file's `write` returned."""
        return self._writer.writerow([harmless(value) for value in row])

    def writerows(self, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            self.writerow(row)


class BoundedRows:
    """Like `csv.reader`, but a row that is too long raises csv.Error.

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
