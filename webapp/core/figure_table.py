"""The points behind a figure: a table beneath it, and a CSV. The browser draws the picture (static/site/plot.js)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from django.http import StreamingHttpResponse
from django.template.defaultfilters import floatformat
from django.utils.formats import number_format
from django.utils.functional import Promise

from webapp.core.csv_writer import csv_response


def fixed(digits: int) -> Callable[[Any], str]:
    """Return a format with this many decimals."""
    return lambda value: str(floatformat(value, digits))


def count(number: Any) -> str:
    """Format a whole number."""
    return number_format(number, force_grouping=True)


@dataclass(frozen=True)
class Column:
    """A column: its `name` in the CSV, its `title` on the page, and how the page formats a value."""

    name: str
    title: str | Promise
    show: Callable[[Any], str] = str

    @property
    def is_number(self) -> bool:
        return self.show is not str


@dataclass(frozen=True)
class Cell:
    """A value as the page shows it, and where it leads; an empty address leads nowhere."""

    text: str
    is_number: bool
    address: str = ""


@dataclass(frozen=True)
class FigureTable:
    """A figure's points.

    Attributes
    ----------
    rows
        One tuple a point, a value a column; None is unknown.
    addresses
        By column name, where each row's cell leads.
    """

    columns: Sequence[Column]
    rows: Sequence[tuple[Any, ...]]
    addresses: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def with_column(self, column: Column, values: Iterable[Any]) -> Self:
        """Return the table with a column more, at the end."""
        rows = [(*row, value) for row, value in zip(self.rows, values, strict=True)]
        return replace(self, columns=[*self.columns, column], rows=rows)

    def as_csv(self, name: str) -> StreamingHttpResponse:
        """Return all points as a file."""
        return csv_response(name, [column.name for column in self.columns], self.rows)

    def cells(self) -> Iterator[list[Cell]]:
        """Yield the rows for a page."""
        for place, row in enumerate(self.rows):
            yield [self._cell(column, value, place) for column, value in zip(self.columns, row, strict=True)]

    def plotted(self) -> dict[str, list[Any]]:
        """Return the columns for a browser."""
        return {column.name: [row[place] for row in self.rows] for place, column in enumerate(self.columns)}

    def _cell(self, column: Column, value: Any, place: int) -> Cell:
        addresses = self.addresses.get(column.name)
        text = "–" if value is None else column.show(value)
        return Cell(text, column.is_number, addresses[place] if addresses else "")
