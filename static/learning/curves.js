// Curves of loss and metrics by epoch, drawn by Bokeh, and drawn on while the run goes on. The table below has the
// same numbers; the curves are for the eye.
import { figureOf, finish, show, token, ZOOM } from "../site/plot.js";

const EVERY = 1000;
const root = document.querySelector("[data-curves]");
const accuracy = "classes" in root.dataset ? gettext("accuracy (classes)") : gettext("accuracy");
const CURVES = {
  loss: { label: gettext("loss (nats)"), lines: [
    { field: "loss", legend: gettext("training set"), color: "--accent", dash: "solid" },
    { field: "val_loss", legend: gettext("validation set"), color: "--no", dash: "dashed" },
  ] },
  metrics: { label: gettext("metric"), lines: [
    { field: "accuracy", legend: accuracy, color: "--yes", dash: "solid" },
    { field: "roc_auc", legend: "ROC AUC", color: "--unsure", dash: "dashed" },
  ] },
};
const FIELDS = ["epoch", "loss", "val_loss", "accuracy", "roc_auc"];

const sources = new Map(); // one per plot, since Bokeh can't share a source; none before the first epoch
let data = null; // the plotted columns
let drawn = "";

function columns(epochs) {
  return Object.fromEntries(FIELDS.map((field) => [field, epochs.map((epoch) => epoch[field] ?? NaN)]));
}

function plot(name, { label, lines }) {
  const source = new Bokeh.ColumnDataSource({ data });
  sources.set(name, source);
  const figure = figureOf({
    ...ZOOM,
    tools: `${ZOOM.tools},hover`,
    x_axis_label: gettext("epoch"),
    y_axis_label: label,
  });
  for (const { field, legend, color, dash } of lines) {
    const line = { source, line_color: token(color), line_width: 2, line_dash: dash, legend_label: legend };
    figure.line({ field: "epoch" }, { field }, line);
    figure.scatter({ field: "epoch" }, { field }, { source, size: 5, color: token(color), legend_label: legend });
  }
  return finish(figure);
}

function draw(epochs) {
  data = columns(epochs);
  if (sources.size) for (const source of sources.values()) source.data = data;
  else for (const [name, curves] of Object.entries(CURVES)) show(root.querySelector(`[data-plot="${name}"]`), () => plot(name, curves));
}

async function renew() {
  let isOver = false;
  try {
    const response = await fetch(root.dataset.curves, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    const reply = await response.json();
    const known = `${reply.attempt} ${reply.epochs.length}`;
    if (known !== drawn && reply.epochs.length) draw(reply.epochs);
    drawn = known;
    isOver = reply.is_over;
  } catch {
    // The server is temporarily down: keep the table, and retry in a second.
  }
  root.hidden = isOver && !sources.size; // it failed before its first epoch
  if (!isOver) setTimeout(renew, EVERY);
}

renew();
