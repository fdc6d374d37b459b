// Subjects by posterior and by agreement, drawn by Bokeh; a bar leads to its subjects. The tables have the same numbers.
import { figureOf, open, paint, show, speak, token } from "../site/plot.js";

const NAMES = { posterior: gettext("posterior"), agreement: gettext("agreement") };

function draw(name, bins, { browser, isLog }) {
  const floor = isLog ? 0.5 : 0;
  const most = Math.max(1, ...bins.n);
  const data = {
    ...bins, bottom: bins.n.map(() => floor), top: bins.n.map((n) => Math.max(n, floor)),
    alpha: bins.is_wanted.map((is) => (is ? 1 : 0.25)),
  };
  const source = new Bokeh.ColumnDataSource({ data });
  const figure = figureOf({
    x_range: new Bokeh.Range1d({ start: 0, end: 1 }),
    y_range: new Bokeh.Range1d({ start: floor, end: isLog ? most * 2 : most * 1.08 }),
    y_axis_type: isLog ? "log" : "linear",
    tools: [new Bokeh.HoverTool({ tooltips: [["", "@low{0.00}–@high{0.00}: @n{0,0}"]] })],
    toolbar_location: null,
    outline_line_color: null,
    x_axis_label: NAMES[name],
    y_axis_label: gettext("subjects"),
  });
  const bars = figure.quad({ field: "low" }, { field: "high" }, { field: "bottom" }, { field: "top" }, {
    source, fill_color: token("--accent"), fill_alpha: { field: "alpha" }, line_color: token("--raised"),
  });
  open(figure, [[bars, bins.n.map((n, place) => (n ? `${browser}?${bins.query[place]}#subjects` : ""))]]);
  paint(figure);
  speak(figure.yaxis);
  return figure;
}

function drawAll(part) {
  const data = part.querySelector("#histogram-data");
  if (!data) return; // they are still to come
  const { is_log: isLog, browser, plots } = JSON.parse(data.textContent);
  for (const root of part.querySelectorAll("[data-histogram]")) {
    const name = root.dataset.histogram;
    show(root, () => draw(name, plots[name], { browser, isLog }));
  }
}

drawAll(document);
document.addEventListener("htmx:afterSwap", ({ target }) => drawAll(target));
