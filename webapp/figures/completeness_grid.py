"""Completeness as a two-way table: a row for each bin of rate, a column for each bin of magnitude."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ml.evaluation.metrics.binned_completeness import Bins
from webapp.core.figure_table import Column, FigureTable, count, fixed
from webapp.core.percent import percent
from webapp.figures.cell_links import cell_query, ends_of
from webapp.figures.page_options import PageOptions
from webapp.figures.synthetic_completeness import Movers

Cell = tuple[int, float, float, float]
"""How often a finder looked at a mover in a cell, the fraction found, and its 95 % interval."""


def filled_plane(movers: Movers, finder: str) -> Bins | None:
    """Return the cells of a finder's completeness plane; None if no mover that it looked at lies in any."""
    bins = movers.plane(finder) if len(movers) else None
    return bins if bins is not None and bins.n.any() else None


def grid_table(asked: PageOptions, movers: Movers, finder: str) -> FigureTable | None:
    """Return the plane for the page; a filled cell leads to the list of its movers. None without any."""
    bins = filled_plane(movers, finder)
    if bins is None:
        return None
    name, (x, y) = movers.brightness, map(ends_of, bins.edges)
    page = reverse("injected-movers", args=[asked.workflow.survey.slug, asked.workflow.slug])
    columns = [Column("rate", _("Rate, ″/h"))]
    columns += [Column(_name(name, low, high), _between(low, high), _in_words) for low, high, _last in x]
    rows = [
        (_between(low, high), *(_cell(bins, i, j) for i in range(len(x)))) for j, (low, high, _last) in enumerate(y)
    ]
    addresses = {
        columns[i + 1].name: [
            f"{page}?{cell_query(asked, name, finder, x[i], ends)}" if bins.n[i, j] else "" for j, ends in enumerate(y)
        ]
        for i in range(len(x))
    }
    return FigureTable(columns, rows, addresses)


def grid_file(movers: Movers, finder: str) -> FigureTable | None:
    """Return the plane for a file: for each bin of brightness, the fraction found, and of how many."""
    bins = filled_plane(movers, finder)
    if bins is None:
        return None
    name, (x, y) = movers.brightness, map(ends_of, bins.edges)
    names = [_name(name, low, high) for low, high, _last in x]
    columns = ["rate_from", "rate_to", *(each for name in names for each in (name, f"{name}_n"))]
    rows = [
        (low, high, *(value for i in range(len(x)) for value in _plain(_cell(bins, i, j))))
        for j, (low, high, _last) in enumerate(y)
    ]
    return FigureTable([Column(each, each) for each in columns], rows)


def _cell(bins: Bins, i: int, j: int) -> Cell | None:
    low, high = bins.interval
    n = int(bins.n[i, j])
    return (n, float(bins.proportion[i, j]), float(low[i, j]), float(high[i, j])) if n else None


def _plain(cell: Cell | None) -> tuple[float | None, int]:
    return (cell[1], cell[0]) if cell else (None, 0)


def _in_words(cell: Any) -> str:
    n, fraction, low, high = cell
    return f"{percent(fraction)}\n({fixed(1)(100 * low)}–{percent(high)}; {count(n)})"


def _between(low: float, high: float) -> str:
    return f"{fixed(1)(low)}–{fixed(1)(high)}"


def _name(name: str, low: float, high: float) -> str:
    return f"{name}_{low:.2f}_to_{high:.2f}"
