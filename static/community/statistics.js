// Classifications over time, drawn by Bokeh, in the browser's time zone. The table below has the same numbers.
import { nameBars } from "../site/bars.js";
import { figureOf, paint, show, speak, token } from "../site/plot.js";

const root = document.querySelector("[data-zone]");
const address = new URL(location.href);

/** Reload the page with the browser's time zone, unless the URL has one: the server cannot know it. */
function inOwnZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ("shared" in root.dataset) return false;
  if (address.searchParams.has("zone") || !zone || zone === root.dataset.zone) return false;
  address.searchParams.set("zone", zone);
  location.replace(address);
  return true;
}

function draw({ labels, counts }) {
  const places = counts.map((_, place) => place);
  const source = new Bokeh.ColumnDataSource({ data: { places, labels, counts } });
  const figure = figureOf({
    x_range: new Bokeh.Range1d({ start: -0.7, end: counts.length - 0.3 }),
    y_range: new Bokeh.Range1d({ start: 0, end: 1.1 * Math.max(5, ...counts) }),
    tools: [new Bokeh.HoverTool({ tooltips: [["", "@labels: @counts"]] })],
    toolbar_location: null,
    outline_line_color: null,
  });
  figure.vbar({ field: "places" }, 0.8, { field: "counts" }, 0, {
    source, fill_color: token("--accent"), line_color: null,
  });
  paint(figure);
  for (const grid of figure.xgrid) grid.visible = false;
  speak(figure.yaxis);
  nameBars(figure, root, labels);
  return figure;
}

const data = JSON.parse(document.getElementById("plot-data").textContent);
if (!inOwnZone() && root.matches(".plot") && data.labels.length) show(root, () => draw(data));
