// The posterior after each vote, as steps, drawn by Bokeh. The table beneath has the same numbers.
import { figureOf, paint, token } from "../site/plot.js";

const { thresholds, ...columns } = JSON.parse(document.getElementById("votes-data").textContent);
const root = document.querySelector("[data-votes]");
const LINES = [
  { field: "then", legend: gettext("with the skills then"), color: "--accent", dash: "solid" },
  { field: "now", legend: gettext("with the skills of now"), color: "--unsure", dash: "dashed" },
];

const source = new Bokeh.ColumnDataSource({ data: columns });
const figure = figureOf({
  x_range: new Bokeh.Range1d({ start: 0, end: columns.number.length - 0.5 }),
  y_range: new Bokeh.Range1d({ start: -0.02, end: 1.02 }),
  tools: [new Bokeh.HoverTool({ tooltips: [["", "@label"], ["", "@then{0.0000}"]] })],
  toolbar_location: null,
  outline_line_color: token("--line"),
  x_axis_label: gettext("votes"),
  y_axis_label: gettext("posterior"),
});
for (const location of thresholds) {
  figure.add_layout(new Bokeh.Span({ location, dimension: "width", line_color: token("--quiet"), line_dash: "dotted", line_width: 1.5 }));
}
for (const { field, legend, color, dash } of LINES) {
  figure.step({ field: "number" }, { field }, "after", { source, line_color: token(color), line_width: 2, line_dash: dash, legend_label: legend });
}
figure.scatter({ field: "number" }, { field: "then" }, { source, size: 6, color: token("--accent") });
paint(figure);
for (const axis of figure.xaxis) axis.ticker = new Bokeh.BasicTicker({ min_interval: 1, num_minor_ticks: 0 });
const last = columns.then.at(-1);
Object.assign(figure.legend, { location: last > 0.5 ? "bottom_right" : "top_right" });
Bokeh.Plotting.show(figure, root);
