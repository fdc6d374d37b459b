// One's own answers over time, drawn by Bokeh, in the browser's time zone. The table below has the same numbers.

const root = document.querySelector("[data-zone]");
const address = new URL(location.href);

/** Ask for the page in the browser's zone, unless the address names one: the server cannot know it. */
function inOwnZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (address.searchParams.has("zone") || !zone || zone === root.dataset.zone) return false;
  address.searchParams.set("zone", zone);
  location.replace(address);
  return true;
}

/** Read a colour token in the theme that is on; Bokeh draws on canvas and knows no CSS variables. */
function token(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  root.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function draw({ labels, counts }) {
  const places = counts.map((_, place) => place);
  const source = new Bokeh.ColumnDataSource({ data: { places, labels, counts } });
  const figure = Bokeh.Plotting.figure({
    x_range: new Bokeh.Range1d({ start: -0.7, end: counts.length - 0.3 }),
    y_range: new Bokeh.Range1d({ start: 0, end: 1.1 * Math.max(5, ...counts) }),
    sizing_mode: "stretch_both",
    tools: [new Bokeh.HoverTool({ tooltips: [["", "@labels: @counts"]] })],
    toolbar_location: null,
    background_fill_color: null,
    border_fill_color: null,
    outline_line_color: null,
    min_border: 4,
  });
  figure.vbar({ field: "places" }, 0.8, { field: "counts" }, 0, {
    source, fill_color: token("--accent"), line_color: null,
  });
  paint(figure);
  label(figure, labels);
  Bokeh.Plotting.show(figure, root);
}

function paint(figure) {
  const line = token("--line");
  for (const axis of [...figure.xaxis, ...figure.yaxis]) {
    Object.assign(axis, {
      axis_line_color: line, major_tick_line_color: line, minor_tick_line_color: null,
      major_label_text_color: token("--quiet"),
    });
  }
  for (const grid of figure.xgrid) grid.visible = false;
  for (const grid of figure.ygrid) grid.grid_line_color = line;
}

/** Name as many bars as have room for it. */
function label(figure, labels) {
  const every = Math.ceil(labels.length / (root.clientWidth / 28));
  const ticks = labels.map((_, place) => place).filter((place) => (labels.length - 1 - place) % every === 0);
  for (const axis of figure.xaxis) {
    axis.ticker = new Bokeh.FixedTicker({ ticks });
    axis.major_label_overrides = new Map(ticks.map((place) => [place, labels[place]]));
    axis.major_label_orientation = "vertical";
  }
}

const data = JSON.parse(document.getElementById("plot-data").textContent);
if (!inOwnZone() && root.matches(".plot") && data.labels.length) draw(data);
