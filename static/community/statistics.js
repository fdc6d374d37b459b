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
  const source = new Bokeh.ColumnDataSource({ data: { labels, counts } });
  const figure = Bokeh.Plotting.figure({
    x_range: new Bokeh.FactorRange({ factors: labels }),
    y_range: new Bokeh.Range1d({ start: 0, end: 1.1 * Math.max(5, ...counts) }),
    sizing_mode: "stretch_both",
    tools: "hover",
    tooltips: [["", "@labels: @counts"]],
    toolbar_location: null,
    background_fill_color: null,
    border_fill_color: null,
    outline_line_color: null,
    min_border: 4,
  });
  figure.vbar({ field: "labels" }, 0.8, { field: "counts" }, 0, {
    source, fill_color: token("--accent"), line_color: null,
  });
  paint(figure, labels.length);
  Bokeh.Plotting.show(figure, root);
}

function paint(figure, count) {
  const line = token("--line");
  for (const axis of [...figure.xaxis, ...figure.yaxis]) {
    Object.assign(axis, {
      axis_line_color: line, major_tick_line_color: line, minor_tick_line_color: null,
      major_label_text_color: token("--quiet"),
    });
  }
  for (const axis of figure.xaxis) axis.major_label_orientation = "vertical";
  for (const grid of figure.xgrid) grid.visible = false;
  for (const grid of figure.ygrid) grid.grid_line_color = line;
  const every = Math.ceil(count / (root.clientWidth / 18)); // as many labels as stand beside each other
  if (every > 1) {
    const kept = figure.x_range.factors.filter((_, place) => place % every === 0);
    for (const axis of figure.xaxis) axis.formatter = new Bokeh.CustomJSTickFormatter({ args: { kept }, code: "return kept.includes(tick) ? tick : ''" });
  }
}

const { labels, counts } = JSON.parse(document.getElementById("plot-data").textContent);
if (!inOwnZone() && root.matches(".plot") && labels.length) draw({ labels, counts });
