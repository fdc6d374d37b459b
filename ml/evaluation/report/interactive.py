"""Draw charts with Bokeh, to zoom, pan and read off values on a page that needs nothing else."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from bokeh.embed import components
from bokeh.models import HoverTool
from bokeh.models.annotations.legends import Legend
from bokeh.plotting import figure
from bokeh.resources import Resources

from ml.evaluation.report.chart import COLOURS, DASHES, Chart, Series, widened

TOOLS = "pan,box_zoom,wheel_zoom,reset,save"
HEIGHT = 360  # pixels
DASH_NAMES = dict(zip(DASHES, ("solid", "dashed", "dashdot", "dotted"), strict=True))


def bokeh_parts(charts: Sequence[Chart]) -> tuple[str, dict[str, str]]:
    """Return the scripts of a page, Bokeh's own among them, and each chart's element by its key.

    Nothing is fetched when the page opens. Without charts, both are empty.
    """
    if not charts:
        return "", {}
    script, elements = components({chart.key: _figure(chart) for chart in charts}, wrap_script=True)
    return Resources(mode="inline", components=["bokeh"]).render() + script, dict(elements)


def _figure(chart: Chart) -> Any:
    picture: Any = figure(
        height=HEIGHT,
        sizing_mode="stretch_width",
        tools=TOOLS,
        x_axis_label=chart.x_label,
        y_axis_label=chart.y_label,
        x_axis_type="log" if chart.x_log else "linear",
        y_axis_type="log" if chart.y_log else "linear",
        active_drag=None,  # so that a finger scrolls the page until a tool is chosen
    )
    picture.toolbar.logo = None
    picture.add_layout(Legend(orientation="horizontal", ncols=2, border_line_color=None, click_policy="hide"), "above")
    if chart.x_span:
        picture.x_range.start, picture.x_range.end = chart.x_span if chart.x_log else widened(chart.x_span)
    if chart.y_span:
        picture.y_range.start, picture.y_range.end = chart.y_span if chart.y_log else widened(chart.y_span)
    for number, series in enumerate(chart.series):
        _draw(picture, series, COLOURS[(number if series.colour is None else series.colour) % len(COLOURS)])
    picture.legend.visible = len(chart.series) > 1
    tips = [("", "$name"), (chart.x_label, "@x"), (chart.y_label, "@y")]
    picture.add_tools(HoverTool(tooltips=tips, renderers=[each for each in picture.renderers if each.name]))
    return picture


def _draw(picture: Any, series: Series, colour: str) -> None:
    x, y = np.asarray(series.x, float), np.asarray(series.y, float)
    named = {"name": series.name, "legend_label": series.name}
    if series.low is not None and series.high is not None:
        low, high = np.asarray(series.low, float), np.asarray(series.high, float)
        if series.kind == "line":
            picture.varea(x, low, high, color=colour, alpha=0.15, legend_label=series.name)
        else:
            picture.segment(x, low, x, high, color=colour, legend_label=series.name)
    if series.kind == "line":
        picture.line(x, y, color=colour, line_width=2, line_dash=DASH_NAMES[DASHES[series.dash]], **named)
    elif series.kind == "steps":
        picture.step(x, y, mode="center", color=colour, line_dash=DASH_NAMES[DASHES[series.dash]], **named)
    else:
        picture.scatter(x, y, size=3 if series.kind == "dots" else 8, color=colour, **named)
