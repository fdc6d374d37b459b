"""CSV for people who open it in a spreadsheet: no name that came from elsewhere runs there as a formula."""

import csv
import re
from collections.abc import Iterable, Sequence
from typing import Any

_STARTS_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def harmless(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would take for a formula; numbers stay, signs and all."""
    if not isinstance(value, str) or not _STARTS_FORMULA.match(value) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}"


class CellWriter:
    """Writes rows as `csv.writer` does, each text harmless.

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
