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

function plot(name, label, lines) {
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

/** Show a plot of the lines that have a value, or leave it out if none has. */
function begin(name, { label, lines }) {
  const known = lines.filter(({ field }) => data[field].some(Number.isFinite));
  const place = root.querySelector(`[data-plot="${name}"]`);
  place.closest("figure").hidden = !known.length;
  if (known.length) show(place, () => plot(name, label, known));
}

function draw(epochs) {
  data = columns(epochs);
  for (const [name, curves] of Object.entries(CURVES)) {
    if (sources.has(name)) sources.get(name).data = data;
    else begin(name, curves);
  }
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
