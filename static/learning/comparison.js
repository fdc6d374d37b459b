// ROC, precision and calibration of two models, drawn by Bokeh. The tables beneath have the figures at the thresholds.
import { figureOf, finish, show, token, ZOOM } from "../site/plot.js";

const models = JSON.parse(document.getElementById("comparison-data").textContent);
const root = document.querySelector("[data-comparison]");
const STYLES = [{ color: "--quiet", dash: "dashed" }, { color: "--accent", dash: "solid" }];
const PLOTS = {
  roc: { x: gettext("false positive rate"), y: gettext("completeness"), diagonal: true },
  precision: { x: gettext("completeness"), y: gettext("precision") },
  reliability: { x: gettext("mean probability"), y: gettext("fraction of real"), diagonal: true, dots: true },
};

function plot(name, { x, y, diagonal, dots }) {
  const figure = figureOf({
    x_range: new Bokeh.Range1d({ start: -0.02, end: 1.02 }),
    y_range: new Bokeh.Range1d({ start: -0.02, end: 1.02 }),
    ...ZOOM,
    tools: `${ZOOM.tools},hover`,
    x_axis_label: x,
    y_axis_label: y,
  });
  if (diagonal) figure.line([0, 1], [0, 1], { line_color: token("--line"), line_dash: "dotted", line_width: 1.5 });
  models.forEach((model, place) => {
    const { color, dash } = STYLES[place];
    const legend_label = interpolate(gettext("model %s"), [model.number]);
    figure.line(model[name].x, model[name].y, { line_color: token(color), line_dash: dash, line_width: 2, legend_label });
    if (dots) figure.scatter(model[name].x, model[name].y, { size: 7, color: token(color), legend_label });
  });
  return finish(figure);
}

for (const [name, options] of Object.entries(PLOTS)) {
  show(root.querySelector(`[data-plot="${name}"]`), () => plot(name, options));
}
