"""Draw charts with matplotlib for print."""

import io
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ml.evaluation.report.axis import ink, margins, plain, shade, ticks, xs, ys
from ml.evaluation.report.chart import COLOURS, Chart, Grid, Series

DASHES = ("-", "--", "-.", ":")
DPI = 110


def png(chart: Chart | Grid) -> bytes:
    """Return the chart as PNG, 7 inches wide, with its title."""
    grown = 0.45 * max(len(chart.y_names), 6) + 1.6 if isinstance(chart, Grid) else 4.6
    picture = Figure(figsize=(7, grown), dpi=DPI, layout="constrained")
    FigureCanvasAgg(picture)
    axes = picture.add_subplot()
    _grid(axes, chart) if isinstance(chart, Grid) else _chart(axes, chart)
    axes.set_title(chart.title, loc="left")
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label)
    written = io.BytesIO()
    picture.savefig(written, format="png")
    return written.getvalue()


def _chart(axes: Any, chart: Chart) -> None:
    for number, series in enumerate(chart.series):
        _series(axes, series, COLOURS[(number if series.colour is None else series.colour) % len(COLOURS)])
    for axis, is_log, values in ((axes.xaxis, chart.x_log, xs(chart)), (axes.yaxis, chart.y_log, ys(chart))):
        if is_log:
            (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
            axis.set_ticks(ticks(values), [plain(tick) for tick in ticks(values)])
            axis.set_ticks([], minor=True)
    if chart.x_span:
        axes.set_xlim(*margins(chart.x_span, chart.x_log))
    if chart.y_span:
        axes.set_ylim(*margins(chart.y_span, chart.y_log))
    axes.grid(color="#e6e7e5", linewidth=0.8)
    axes.set_axisbelow(True)
    if len(chart.series) > 1:
        axes.figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)


def _series(axes: Any, series: Series, colour: str) -> None:
    look: dict[str, Any] = {"color": colour, "label": series.name}
    x, y = np.asarray(series.x, float), np.asarray(series.y, float)
    known = series.low is not None and series.high is not None
    low, high = (np.asarray(side, float) for side in (series.low, series.high)) if known else (y, y)
    if series.kind == "line":
        axes.plot(x, y, linestyle=DASHES[series.dash], **look)
        if known:
            axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    elif series.kind == "steps":
        axes.step(x, y, where="mid", linestyle=DASHES[series.dash], **look)
    elif series.kind == "dots":
        axes.plot(x, y, ".", markersize=4, **look)
    else:
        reach = np.nan_to_num(np.clip([y - low, high - y], 0, None))
        axes.errorbar(x, y, yerr=reach if known else None, fmt="o", capsize=3, **look)


def _grid(axes: Any, grid: Grid) -> None:
    rows, columns = grid.shares.shape
    colours = [[_rgb(shade(share)) for share in row] for row in grid.shares]
    axes.pcolormesh(np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5, np.array(colours), edgecolors="white")
    for row, column in np.ndindex(rows, columns):
        share = float(grid.shares[row, column])
        axes.text(column, row, grid.texts[row][column], ha="center", va="center", fontsize=8, color=ink(share))
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_yticks(range(rows), grid.y_names)
    axes.set_xticks(range(columns), grid.x_names, rotation=35 if max(map(len, grid.x_names)) > 5 else 0)


def _rgb(colour: str) -> list[float]:
    return [int(colour[a:b], 16) / 255 for a, b in pairwise((1, 3, 5, 7))]
