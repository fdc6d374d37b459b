// The reliability diagram, drawn by Bokeh. The table beneath has the same numbers.
import { figureOf, paint, show, token } from "../site/plot.js";

const columns = JSON.parse(document.getElementById("calibration-data").textContent);
const root = document.querySelector("[data-calibration]");
const most = Math.max(...columns.n);

function draw() {
  const source = new Bokeh.ColumnDataSource({
    data: { ...columns, size: columns.n.map((n) => 6 + 14 * Math.sqrt(n / most)) },
  });
  const figure = figureOf({
    x_range: new Bokeh.Range1d({ start: -0.02, end: 1.02 }),
    y_range: new Bokeh.Range1d({ start: -0.02, end: 1.02 }),
    tools: [],
    toolbar_location: null,
    x_axis_label: gettext("mean posterior"),
    y_axis_label: gettext("fraction of yes"),
  });
  figure.line([0, 1], [0, 1], { line_color: token("--quiet"), line_dash: "dotted", line_width: 1.5 });
  figure.segment({ field: "mean" }, { field: "low" }, { field: "mean" }, { field: "high" }, { source, line_color: token("--accent"), line_width: 2 });
  figure.line({ field: "mean" }, { field: "fraction" }, { source, line_color: token("--accent"), line_alpha: 0.4 });
  const dots = figure.scatter({ field: "mean" }, { field: "fraction" }, { source, size: { field: "size" }, color: token("--accent") });
  figure.add_tools(new Bokeh.HoverTool({ renderers: [dots], tooltips: [["", "@n{0,0}: @fraction{0.000} (@low{0.000}–@high{0.000})"]] }));
  paint(figure);
  return figure;
}

show(root, draw);
