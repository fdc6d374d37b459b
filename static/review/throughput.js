// Votes, people and retirements over time, drawn by Bokeh. The table beneath has the same numbers.
import { nameBars } from "../site/bars.js";
import { figureOf, paint, show, speak, token } from "../site/plot.js";

const data = JSON.parse(document.getElementById("throughput-data").textContent);
const places = data.labels.map((_, place) => place);
const columns = { ...data, places, all: data.votes.map((votes, place) => votes + data.training[place]) };
const TIPS = { votes: "@labels: @votes{0,0} + @training{0,0}", people: "@labels: @people{0,0}", retired: "@labels: @retired{0,0}" };

function draw(root) {
  const name = root.dataset.throughput;
  const source = new Bokeh.ColumnDataSource({ data: columns });
  const tops = columns[name === "votes" ? "all" : name];
  const figure = figureOf({
    x_range: new Bokeh.Range1d({ start: -0.7, end: places.length - 0.3 }),
    y_range: new Bokeh.Range1d({ start: 0, end: 1.1 * Math.max(5, ...tops) }),
    tools: [new Bokeh.HoverTool({ tooltips: [["", TIPS[name]]] })],
    toolbar_location: null,
    outline_line_color: null,
  });
  if (name === "votes") bars(figure, source, "all", 0.35);
  bars(figure, source, name, 1);
  paint(figure);
  for (const grid of figure.xgrid) grid.visible = false;
  speak(figure.yaxis);
  nameBars(figure, root, data.labels);
  return figure;
}

function bars(figure, source, field, alpha) {
  figure.vbar({ field: "places" }, 0.8, { field }, 0, { source, fill_color: token("--accent"), fill_alpha: alpha, line_color: null });
}

for (const root of document.querySelectorAll("[data-throughput]")) show(root, () => draw(root));
