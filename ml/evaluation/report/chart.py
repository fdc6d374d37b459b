"""A chart before it is drawn: the data of the plot, the table and the CSV."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.io.safe_csv import CellWriter

Array = NDArray[Any]
Columns = Mapping[str, Sequence[Any] | Array]
ROWS = 12  # rows of a long table on the page; the CSV has all
COLOURS = ("#2446b0", "#a03a12", "#0a6a50", "#5847a5", "#7d5a00", "#565d66")
DASHES = ("-", "--", "-.", ":")


@dataclass(frozen=True)
class Series:
    """One line, one set of points, or one set of bars.

    Attributes
    ----------
    name
        For the legend.
    x, y
        (n,) each; NaN leaves a gap.
    low, high
        (n,) ends of the interval of y, or None.
    kind
        "line", "points" (marks with whiskers), "dots" (small marks) or "steps" (bars without sides).
    dash, colour
        Index into `DASHES` and `COLOURS`; colour None takes the next.
    """

    name: str
    x: Array
    y: Array
    low: Array | None = None
    high: Array | None = None
    kind: str = "line"
    dash: int = 0
    colour: int | None = None


@dataclass(frozen=True)
class Chart:
    """Series on two axes.

    Attributes
    ----------
    key
        File name: ``key.png``, ``key.csv``.
    title, note
        Title, and one or two sentences on how to read it.
    columns
        The data, by column name, all of one length.
    x_log, y_log
        Logarithmic axes.
    x_span, y_span
        Ends of the axes; None fits the data.
    table_rows
        Row numbers of the page's table; if empty, evenly spaced ones.
    """

    key: str
    title: str
    note: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    columns: Columns
    x_log: bool = False
    y_log: bool = False
    x_span: tuple[float, float] | None = None
    y_span: tuple[float, float] | None = (0.0, 1.0)
    table_rows: Sequence[int] = ()


@dataclass(frozen=True)
class Grid:
    """Fractions in cells, with text and shading.

    Attributes
    ----------
    x_names, y_names
        Names of the columns and, from top to bottom, of the rows.
    fractions
        (rows, columns) 0..1, NaN where unknown.
    texts
        (rows, columns) text of each cell.
    """

    key: str
    title: str
    note: str
    x_label: str
    y_label: str
    x_names: Sequence[str]
    y_names: Sequence[str]
    fractions: Array
    texts: Sequence[Sequence[str]]
    columns: Columns = field(default_factory=dict)
    table_rows: Sequence[int] = ()


def csv_of(columns: Columns) -> str:
    """Return columns as CSV, NaN as empty cells, numbers at full precision."""
    text = io.StringIO()
    writer = CellWriter(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_full(value) for value in row] for row in zip(*columns.values(), strict=True))
    return text.getvalue()


def shown_rows(columns: Columns, chosen: Sequence[int] = ()) -> list[list[str]]:
    """Return the rows shown on the page, as text: the chosen ones, or an evenly spaced selection."""
    length = len(next(iter(columns.values())))
    evenly = np.unique(np.linspace(0, length - 1, min(length, ROWS)).round().astype(int)).tolist() if length else []
    return [[_short(values[row]) for values in columns.values()] for row in chosen or evenly]


def plain(value: float) -> str:
    """Return a number of three digits or more without an exponent."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def widened(span: tuple[float, float]) -> tuple[float, float]:
    """Return the ends of an axis with a margin of 2 %."""
    margin = 0.02 * (span[1] - span[0])
    return span[0] - margin, span[1] + margin


def _full(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return "" if isinstance(value, float) and not np.isfinite(value) else value


def _short(value: Any) -> str:
    value = _full(value)
    if value == "":
        return "–"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) >= 2 else f"{value:.4g}"
    return str(value)
