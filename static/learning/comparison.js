// ROC, precision and calibration of two models, drawn by Bokeh. The tables beneath have the same numbers.
import { figureOf, finish, show, token, ZOOM } from "../site/plot.js";

const { models, curves, calibration } = JSON.parse(document.getElementById("comparison-data").textContent);
const STYLES = [{ color: "--quiet", dash: "dashed", marker: "square" }, { color: "--accent", dash: "solid", marker: "circle" }];
const PLOTS = {
  roc: { columns: curves, x: "false_positive_rate", y: "completeness", labels: [gettext("false positive rate"), gettext("completeness")], diagonal: true },
  precision: { columns: curves, x: "completeness", y: "precision", labels: [gettext("completeness"), gettext("precision")] },
  calibration: { columns: calibration, x: "mean_probability", y: "fraction_real", labels: [gettext("mean probability"), gettext("fraction of real")], diagonal: true },
};

/** Return one model's rows of a table. */
function rowsOf(columns, model) {
  const places = columns.model.flatMap((each, place) => (each === model ? [place] : []));
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, places.map((place) => values[place])]));
}

function plot(name, { columns, x, y, labels, diagonal }) {
  const figure = figureOf({
    x_range: new Bokeh.Range1d({ start: -0.02, end: 1.02 }),
    y_range: new Bokeh.Range1d({ start: -0.02, end: 1.02 }),
    ...ZOOM,
    tools: `${ZOOM.tools},hover`,
    x_axis_label: labels[0],
    y_axis_label: labels[1],
  });
  if (diagonal) figure.line([0, 1], [0, 1], { line_color: token("--line"), line_dash: "dotted", line_width: 1.5 });
  const start = name === "roc" ? [0] : [];
  models.forEach((model, place) => {
    const { color, dash, marker } = STYLES[place];
    const rows = rowsOf(columns, model);
    const legend_label = interpolate(gettext("model %s"), [model]);
    figure.line([...start, ...rows[x]], [...start, ...rows[y]], { line_color: token(color), line_dash: dash, line_width: 2, legend_label });
    if (name !== "calibration") return;
    figure.segment(rows[x], rows.low, rows[x], rows.high, { line_color: token(color), line_alpha: 0.6, line_width: 2 });
    figure.scatter(rows[x], rows[y], { size: 7, marker, color: token(color), legend_label });
  });
  return finish(figure);
}

for (const [name, options] of Object.entries(PLOTS)) {
  show(document.querySelector(`[data-figure="${name}"]`), () => plot(name, options));
}
