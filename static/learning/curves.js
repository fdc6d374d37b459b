// Curves of loss and metrics by epoch, drawn by Bokeh, and drawn on while the run goes on. The table below has the
// same numbers; the curves are for the eye.

const EVERY = 1000;
const CURVES = {
  loss: [
    { field: "loss", legend: "training", color: "--accent", dash: "solid" },
    { field: "val_loss", legend: "validation", color: "--no", dash: "dashed" },
  ],
  metrics: [
    { field: "accuracy", legend: "accuracy", color: "--yes", dash: "solid" },
    { field: "roc_auc", legend: "ROC AUC", color: "--unsure", dash: "dashed" },
  ],
};
const FIELDS = ["epoch", "loss", "val_loss", "accuracy", "roc_auc"];

const root = document.querySelector("[data-curves]");
const sources = []; // one a plot, since Bokeh lends a source to no second one; none before the first epoch
let drawn = "";

/** Read a colour token in the theme that is on; Bokeh draws on canvas and knows no CSS variables. */
function token(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  root.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function columns(epochs) {
  return Object.fromEntries(FIELDS.map((field) => [field, epochs.map((epoch) => epoch[field] ?? NaN)]));
}

function plot(name, epochs) {
  const source = new Bokeh.ColumnDataSource({ data: columns(epochs) });
  sources.push(source);
  const figure = Bokeh.Plotting.figure({
    sizing_mode: "stretch_both",
    tools: "pan,wheel_zoom,box_zoom,reset,save,hover",
    toolbar_location: "above",
    background_fill_color: null,
    border_fill_color: null,
    outline_line_color: token("--line"),
    min_border: 4,
  });
  for (const { field, legend, color, dash } of CURVES[name]) {
    const line = { source, line_color: token(color), line_width: 2, line_dash: dash, legend_label: legend };
    figure.line({ field: "epoch" }, { field }, line);
    figure.scatter({ field: "epoch" }, { field }, { source, size: 5, color: token(color), legend_label: legend });
  }
  figure.toolbar.logo = null;
  paint(figure);
  Bokeh.Plotting.show(figure, root.querySelector(`[data-plot="${name}"]`));
}

/** Give axes, grid and legend the page's colours. */
function paint(figure) {
  const quiet = token("--quiet");
  const line = token("--line");
  for (const axis of [...figure.xaxis, ...figure.yaxis]) {
    Object.assign(axis, {
      axis_line_color: line, major_tick_line_color: line, minor_tick_line_color: null, major_label_text_color: quiet,
    });
  }
  for (const grid of [...figure.xgrid, ...figure.ygrid]) grid.grid_line_color = line;
  Object.assign(figure.legend, {
    background_fill_color: token("--raised"), background_fill_alpha: 0.8, border_line_color: null,
    label_text_color: token("--ink"),
  });
}

function draw(epochs) {
  if (!sources.length) for (const name of Object.keys(CURVES)) plot(name, epochs);
  else for (const source of sources) source.data = columns(epochs);
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
    // The server is away for a moment: the table says what is known, and the next second asks again.
  }
  if (!isOver) setTimeout(renew, EVERY);
}

renew();
