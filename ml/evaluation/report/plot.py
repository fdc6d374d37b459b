"""Draw charts with matplotlib."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from ml.evaluation.report.chart import COLOURS, DASHES, Chart, Grid, Series, plain, widened

DPI = 110
FRACTIONS = LinearSegmentedColormap.from_list("fractions", ["#ebeffa", "#142e82"]).with_extremes(bad="#f0f0ee")


def pictures(chart: Chart | Grid, kinds: Sequence[str] = ("png", "svg")) -> dict[str, bytes]:
    """Return the chart in each of the kinds "png" and "svg", 7 inches wide, with its title."""
    grown = 0.45 * max(len(chart.y_names), 6) + 1.6 if isinstance(chart, Grid) else 4.6
    picture = Figure(figsize=(7, grown), dpi=DPI, layout="constrained")
    axes = picture.add_subplot()
    _grid(axes, chart) if isinstance(chart, Grid) else _chart(axes, chart)
    axes.set_title(chart.title, loc="left")
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label)
    picture.draw_without_rendering()  # so that the layout is made once, not for each kind
    picture.set_layout_engine("none")
    return {kind: _written(picture, kind) for kind in kinds}


def _written(picture: Figure, kind: str) -> bytes:
    file = io.BytesIO()
    picture.savefig(file, format=kind, metadata={"Date": None} if kind == "svg" else None)
    return file.getvalue()


def _chart(axes: Any, chart: Chart) -> None:
    for number, series in enumerate(chart.series):
        _series(axes, series, COLOURS[(number if series.colour is None else series.colour) % len(COLOURS)])
    for name in [name for name, is_log in (("x", chart.x_log), ("y", chart.y_log)) if is_log]:
        _logarithmic(axes, name)
    for span, is_log, limit in ((chart.x_span, chart.x_log, axes.set_xlim), (chart.y_span, chart.y_log, axes.set_ylim)):
        if span:
            limit(*(span if is_log else widened(span)))
    axes.grid(color="#e6e7e5", linewidth=0.8)
    axes.set_axisbelow(True)
    if len(chart.series) > 1:
        axes.figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)


def _logarithmic(axes: Any, name: str) -> None:
    """Make an axis logarithmic, with 1, 2 and 5 of each decade written in full; 1 alone over more than two decades."""
    axes.set(**{f"{name}scale": "log"})
    axis = getattr(axes, f"{name}axis")
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low <= 100 else (1,)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(lambda value, _: plain(value))


def _series(axes: Any, series: Series, colour: str) -> None:
    style: dict[str, Any] = {"color": colour, "label": series.name}
    x, y = np.asarray(series.x, float), np.asarray(series.y, float)
    known = series.low is not None and series.high is not None
    low, high = (np.asarray(side, float) for side in (series.low, series.high)) if known else (y, y)
    if series.kind == "line":
        axes.plot(x, y, linestyle=DASHES[series.dash], **style)
        if known:
            axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    elif series.kind == "steps":
        axes.step(x, y, where="mid", linestyle=DASHES[series.dash], **style)
    elif series.kind == "dots":
        axes.plot(x, y, ".", markersize=4, **style)
    else:
        reach = np.nan_to_num(np.clip([y - low, high - y], 0, None))
        axes.errorbar(x, y, yerr=reach if known else None, fmt="o", capsize=3, **style)


def _grid(axes: Any, grid: Grid) -> None:
    rows, columns = grid.fractions.shape
    edges = (np.arange(side + 1) - 0.5 for side in (columns, rows))
    axes.pcolormesh(*edges, np.ma.masked_invalid(grid.fractions), cmap=FRACTIONS, vmin=0, vmax=1, edgecolors="white")
    for row, column in np.ndindex(rows, columns):
        ink = "#ffffff" if grid.fractions[row, column] > 0.45 else "#16191d"
        axes.text(column, row, grid.texts[row][column], ha="center", va="center", fontsize=8, color=ink)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_yticks(range(rows), grid.y_names)
    axes.set_xticks(range(columns), grid.x_names, rotation=35 if max(map(len, grid.x_names)) > 5 else 0)
