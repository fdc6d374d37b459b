// Sensitivity and specificity over time, each a line in its band of 90 %, drawn by Bokeh. The table has the same numbers.
import { figureOf, paint, show, speak, token } from "../site/plot.js";

const LINES = [
  { field: "sensitivity", legend: gettext("real movers recognised"), color: "--yes", dash: "solid" },
  { field: "specificity", legend: gettext("bogus ones recognised"), color: "--unsure", dash: "dashed" },
];
const curves = JSON.parse(document.getElementById("skill-curves").textContent);

function known(columns) {
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values.map((value) => value ?? NaN)]));
}

function draw(columns) {
  const source = new Bokeh.ColumnDataSource({ data: known(columns) });
  const figure = figureOf({
    tools: "", toolbar_location: null, y_range: [-0.02, 1.02], outline_line_color: token("--line"),
    x_axis_label: gettext("practice images answered"),
  });
  for (const { field, legend, color, dash } of LINES) {
    figure.varea({ field: "n" }, { field: `${field}_low` }, { field: `${field}_high` }, { source, fill_color: token(color), fill_alpha: 0.16 });
    figure.line({ field: "n" }, { field }, { source, line_color: token(color), line_width: 2, line_dash: dash, legend_label: legend });
    figure.scatter({ field: "n" }, { field }, { source, size: 5, color: token(color), legend_label: legend });
  }
  paint(figure);
  for (const { ticker } of figure.xaxis) ticker.min_interval = 1; // practice images are counted
  speak(figure.xaxis);
  speak(figure.yaxis, { style: "percent" });
  Object.assign(figure.legend, { location: "bottom_right" });
  return figure;
}

for (const root of document.querySelectorAll("[data-skill]")) show(root, () => draw(curves[root.dataset.skill]));
