// Bokeh figures in the page's colours and current theme.

/** Read a colour token: Bokeh draws on canvas and knows no CSS variables. */
export function token(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

/** Options of a figure that can be zoomed and panned. */
export const ZOOM = { tools: "pan,box_zoom,wheel_zoom,reset", toolbar_location: "above" };

/** 1, 2 and 5 of each decade, for logarithmic axes. */
export const DECADES = Array.from({ length: 19 }, (_, place) => [1, 2, 5].map((n) => n * 10 ** (place - 9))).flat();

const SYMBOL = 32; // pixels of a name in a legend besides its text
const EDGES = 24; // pixels at the sides of a figure that its legend leaves free
const TOUCHED = matchMedia("(hover: none)"); // a finger on a figure scrolls the page until a tool is chosen

/** Return a transparent figure that fills its container; its legend stands above the plot, where it covers no point. */
export function figureOf(options) {
  const figure = Bokeh.Plotting.figure({
    sizing_mode: "stretch_both", min_border: 4, background_fill_color: null, border_fill_color: null,
    outline_line_color: token("--line"), ...options,
  });
  figure.add_layout(new Bokeh.Legend({ padding: 2, margin: 0, spacing: 2 }), "above");
  return figure;
}

/** Format the axes' numbers in the page's language, using the browser, since Bokeh can't. */
export function speak(axes, options = { maximumSignificantDigits: 6 }) {
  const numbers = new Intl.NumberFormat(document.documentElement.lang, options);
  const doFormat = (ticks) => ticks.map((tick) => numbers.format(tick));
  for (const axis of axes) {
    axis.formatter = Object.assign(new Bokeh.BasicTickFormatter(), { doFormat });
  }
}

/** Give axes, grid and legend the page's colours. */
export function paint(figure) {
  const quiet = token("--quiet");
  const line = token("--line");
  for (const axis of [...figure.xaxis, ...figure.yaxis]) {
    Object.assign(axis, {
      axis_line_color: line, major_tick_line_color: line, minor_tick_line_color: null, major_label_text_color: quiet,
      axis_label_text_color: quiet, axis_label_text_font_style: "normal",
    });
  }
  for (const grid of [...figure.xgrid, ...figure.ygrid]) grid.grid_line_color = line;
  Object.assign(figure.legend, {
    visible: figure.legend.items.length > 0, background_fill_color: null, border_line_color: null,
    label_text_color: token("--ink"),
  });
}

/** Return the figure in the page's colours and language, ready to be shown. */
export function finish(figure) {
  figure.toolbar.logo = null;
  if (TOUCHED.matches) figure.toolbar.active_drag = null;
  paint(figure);
  speak([...figure.xaxis, ...figure.yaxis]);
  return figure;
}

/** Put the ticks of axes, and the lines of their grid, at these values. */
export function tickAt(axes, grid, ticks) {
  for (const part of [...axes, ...grid]) part.ticker = new Bokeh.FixedTicker({ ticks });
}

/** Let a click on a bar or cell open its address, if it has one: pairs of a renderer and its addresses. */
export function open(figure, pairs) {
  figure.add_tools(new Bokeh.TapTool({ renderers: pairs.map(([renderer]) => renderer) })); // only one can be active
  for (const [renderer, addresses] of pairs) {
    const { selected } = renderer.data_source;
    renderer.nonselection_glyph = null;
    selected.change.connect(() => {
      const address = addresses[selected.indices[0]];
      selected.indices = []; // so that the same one can be clicked again, after the way back
      if (address) location.assign(address);
    });
  }
}

/**
 * Show the figure made by `draw` with buttons that save it as PNG and SVG, in the row of buttons beneath where there is
 * one. It is redrawn when the theme changes, since a canvas keeps its colours.
 */
export function show(root, draw) {
  let shown = add(root, draw);
  const next = root.nextElementSibling;
  const beneath = next?.matches(".beneath") ? next : Object.assign(document.createElement("div"), { className: "beneath" });
  if (beneath !== next) root.after(beneath);
  const buttons = Object.assign(document.createElement("div"), { className: "save-figure" });
  buttons.append(...Object.keys(SAVE).map((type) => saveButton(type, () => shown)));
  beneath.append(buttons);
  document.documentElement.addEventListener("themechange", () => {
    shown = shown.then((view) => { view.model.document.clear(); return add(root, draw); });
  });
}

async function add(root, draw) {
  const figure = draw();
  arrange(figure.legend, root.clientWidth - EDGES);
  return Bokeh.Plotting.show(figure, root);
}

/** Put a legend's names beside each other if they fit; else, as on a phone, each on a line of its own, cut to its width. */
function arrange(legend, width) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = "13px helvetica"; // Bokeh's for legends
  const wide = (name) => SYMBOL + pen.measureText(name).width;
  const isOneLine = legend.items.reduce((used, { label }) => used + wide(label.value), 0) <= width;
  legend.orientation = isOneLine ? "horizontal" : "vertical";
  for (const item of legend.items) {
    const name = item.label.value;
    let kept = name.length;
    while (kept > 1 && wide(kept < name.length ? `${name.slice(0, kept)}…` : name) > width) kept -= 1;
    if (kept < name.length) item.label = { value: `${name.slice(0, kept).trimEnd()}…` };
  }
}

const SAVE = { png: gettext("Save as PNG"), svg: gettext("Save as SVG") };

function saveButton(type, shown) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: type.toUpperCase(), title: SAVE[type], ariaLabel: SAVE[type] });
  button.addEventListener("click", async () => {
    const view = await shown();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await view.export(type).to_blob());
    link.download = `${document.title.split(" · ")[0]}.${type}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
  return button;
}
