// The posterior after each vote, as steps, drawn by Bokeh. The table beneath has the same numbers.
import { figureOf, paint, show, token } from "../site/plot.js";

const { thresholds, ...columns } = JSON.parse(document.getElementById("votes-data").textContent);
const root = document.querySelector("[data-votes]");

function draw() {
  const source = new Bokeh.ColumnDataSource({ data: columns });
  const figure = figureOf({
    x_range: new Bokeh.Range1d({ start: 0, end: columns.number.length - 0.5 }),
    y_range: new Bokeh.Range1d({ start: -0.02, end: 1.02 }),
    tools: [new Bokeh.HoverTool({ tooltips: [["", "@label"], ["", "@posterior{0.0000}"]] })],
    toolbar_location: null,
    x_axis_label: gettext("votes"),
    y_axis_label: gettext("posterior"),
  });
  for (const location of thresholds) {
    figure.add_layout(new Bokeh.Span({ location, dimension: "width", line_color: token("--quiet"), line_dash: "dotted", line_width: 1.5 }));
  }
  figure.step({ field: "number" }, { field: "posterior" }, "after", { source, line_color: token("--accent"), line_width: 2 });
  figure.scatter({ field: "number" }, { field: "posterior" }, { source, size: 6, color: token("--accent") });
  paint(figure);
  for (const axis of figure.xaxis) axis.ticker = new Bokeh.BasicTicker({ min_interval: 1, num_minor_ticks: 0 });
  return figure;
}

show(root, draw);
