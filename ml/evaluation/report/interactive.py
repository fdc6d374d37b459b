"""Draw charts with Bokeh for the browser."""

from typing import Any

import numpy as np
from bokeh.models import BasicTicker, FixedTicker, HoverTool
from bokeh.models.annotations import TeeHead, Whisker
from bokeh.models.sources import ColumnDataSource
from bokeh.plotting import figure

from ml.evaluation.report.axis import ink, margins, plain, shade, ticks, xs, ys
from ml.evaluation.report.chart import COLOURS, DASHES, Chart, Grid, Series

HEIGHT = 380
TOOLS = "pan,box_zoom,reset,save"


def drawn(chart: Chart | Grid) -> figure:
    """Return a Bokeh figure that fills its container."""
    return _grid(chart) if isinstance(chart, Grid) else _chart(chart)


def _chart(chart: Chart) -> figure:
    spans: dict[str, Any] = {}
    if chart.x_span:
        spans["x_range"] = margins(chart.x_span, chart.x_log)
    if chart.y_span:
        spans["y_range"] = margins(chart.y_span, chart.y_log)
    plot = _figure(chart, x_axis_type=_axis(chart.x_log), y_axis_type=_axis(chart.y_log), **spans)
    for number, series in enumerate(chart.series):
        _series(plot, series, COLOURS[(number if series.colour is None else series.colour) % len(COLOURS)])
    plot.add_tools(HoverTool(tooltips=[(chart.x_label, "@x{0.0000}"), (chart.y_label, "@y{0.0000}")]))
    for axis, is_log, values in ((plot.xaxis, chart.x_log, xs(chart)), (plot.yaxis, chart.y_log, ys(chart))):
        if is_log:
            axis.ticker = FixedTicker(ticks=ticks(values))
            axis.major_label_overrides = {tick: plain(tick) for tick in ticks(values)}
    plot.legend.visible = len(chart.series) > 1
    if len(chart.series) > 1:
        plot.add_layout(plot.legend[0], "below")
        plot.legend.click_policy = "hide"
        plot.legend.ncols = 2
        plot.legend.border_line_color = None
        plot.legend.label_text_font_size = "13px"
    return plot


def _series(plot: figure, series: Series, colour: str) -> None:
    data: dict[str, Any] = {"x": np.asarray(series.x, float), "y": np.asarray(series.y, float)}
    if series.low is not None and series.high is not None:
        data |= {"low": np.asarray(series.low, float), "high": np.asarray(series.high, float)}
    source = ColumnDataSource(data)
    look: dict[str, Any] = {"source": source, "color": colour, "legend_label": series.name}
    if series.kind == "line":
        if "low" in data:
            plot.varea("x", "low", "high", source=source, color=colour, alpha=0.15, legend_label=series.name)
        plot.line("x", "y", line_width=2, line_dash=DASHES[series.dash], **look)
    elif series.kind == "steps":
        plot.step("x", "y", mode="center", line_width=2, line_dash=DASHES[series.dash], **look)
    else:
        plot.scatter("x", "y", size=8 if series.kind == "points" else 4, alpha=0.9, **look)
        if "low" in data:
            heads: dict[str, Any] = {f"{end}_head": TeeHead(size=8, line_color=colour) for end in ("lower", "upper")}
            plot.add_layout(Whisker(base="x", lower="low", upper="high", source=source, line_color=colour, **heads))


def _grid(grid: Grid) -> figure:
    rows, columns = grid.shares.shape
    plot = _figure(grid, x_range=(-0.5, columns - 0.5), y_range=(rows - 0.5, -0.5))
    y, x = (axis.ravel() for axis in np.mgrid[:rows, :columns])
    shares = grid.shares.ravel()
    texts = [text for row in grid.texts for text in row]
    source = ColumnDataSource({
        "x": x, "y": y, "fill": [shade(share) for share in shares], "ink": [ink(share) for share in shares],
        "text": texts, "row": [grid.y_names[k] for k in y], "column": [grid.x_names[k] for k in x],
    })  # fmt: skip
    cells = plot.rect("x", "y", 1, 1, source=source, fill_color="fill", line_color="#ffffff")
    look: dict[str, Any] = {"text_align": "center", "text_baseline": "middle", "text_font_size": "12px"}
    plot.text("x", "y", "text", source=source, text_color="ink", **look)
    tips = [(grid.y_label, "@row"), (grid.x_label, "@column"), ("here", "@text")]
    plot.add_tools(HoverTool(tooltips=tips, renderers=[cells]))
    for axis, names in ((plot.xaxis, grid.x_names), (plot.yaxis, grid.y_names)):
        axis.ticker = FixedTicker(ticks=list(range(len(names))))
        axis.major_label_overrides = dict(enumerate(names))
    plot.xaxis.major_label_orientation = 0.7 if max(map(len, grid.x_names)) > 5 else "horizontal"
    plot.grid.visible = False
    return plot


def _figure(chart: Chart | Grid, **options: Any) -> figure:
    plot = figure(
        x_axis_label=chart.x_label,
        y_axis_label=chart.y_label,
        height=HEIGHT,
        sizing_mode="stretch_width",
        tools=TOOLS,
        toolbar_location="above",
        **options,
    )
    plot.toolbar.logo = None
    plot.outline_line_color = "#d6d8d6"
    for axis in plot.axis:
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = axis.major_label_text_font_size = "13px"
        if isinstance(axis.ticker, BasicTicker):
            axis.ticker.desired_num_ticks = 5
    return plot


def _axis(is_log: bool) -> str:
    return "log" if is_log else "linear"
