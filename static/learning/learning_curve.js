// ROC AUC by the number of labels, drawn by Bokeh: a line for each workflow and recipe. A point opens its training run.
// The table beneath has the same numbers.
import { figureOf, finish, open, show, token, ZOOM } from "../site/plot.js";

const STYLES = [
  { color: "--accent", dash: "solid", marker: "circle" },
  { color: "--unsure", dash: "dashed", marker: "square" },
  { color: "--no", dash: "dotted", marker: "triangle" },
  { color: "--yes", dash: "dotdash", marker: "diamond" },
];

/** Return each line's name and the places of its points, by name; recipes are named where there are several. */
function linesOf({ workflow, recipe }) {
  const areSeveral = new Set(recipe).size > 1;
  const lines = new Map();
  workflow.forEach((name, place) => {
    const line = areSeveral ? `${name}: ${recipe[place]}` : name;
    lines.set(line, [...(lines.get(line) ?? []), place]);
  });
  return [...lines].sort(([one], [other]) => one.localeCompare(other));
}

function draw({ points, addresses, champion }) {
  const figure = figureOf({ ...ZOOM, tools: `${ZOOM.tools},hover`, x_axis_label: gettext("labels"), y_axis_label: "ROC AUC" });
  const links = [];
  linesOf(points).forEach(([name, places], number) => {
    const { color, dash, marker } = STYLES[number % STYLES.length];
    const of = (column) => places.map((place) => points[column][place]);
    const style = { line_color: token(color), line_dash: dash, line_width: 2, legend_label: name };
    const known = (column) => of(column).map((value) => value ?? NaN);
    figure.segment(of("labels"), known("low"), of("labels"), known("high"), { line_color: token(color), line_alpha: 0.5 });
    figure.line(of("labels"), of("roc_auc"), style);
    const dots = figure.scatter(of("labels"), of("roc_auc"), { size: 8, marker, color: token(color), legend_label: name });
    links.push([dots, places.map((place) => addresses[place])]);
  });
  const crowned = points.model.indexOf(champion);
  if (crowned >= 0) {
    const ring = { size: 16, marker: "circle", fill_color: null, line_color: token("--ink"), line_width: 2, legend_label: gettext("champion") };
    figure.scatter([points.labels[crowned]], [points.roc_auc[crowned]], ring);
  }
  open(figure, links);
  return finish(figure);
}

for (const curve of JSON.parse(document.getElementById("learning-curves").textContent)) {
  show(document.querySelector(`[data-figure="learning-${curve.role}"]`), () => draw(curve));
}
