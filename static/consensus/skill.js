// Sensitivity and specificity over time, each a line in its band of 90 %, drawn by Bokeh. The table has the same numbers.

const LINES = [
  { field: "sensitivity", legend: gettext("real movers recognised"), color: "--yes", dash: "solid" },
  { field: "specificity", legend: gettext("bogus ones recognised"), color: "--unsure", dash: "dashed" },
];
const curves = JSON.parse(document.getElementById("skill-curves").textContent);

/** Read a colour token in the theme that is on; Bokeh draws on canvas and knows no CSS variables. */
function token(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function known(columns) {
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values.map((value) => value ?? NaN)]));
}

function paint(figure) {
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
    location: "bottom_right", background_fill_color: token("--raised"), background_fill_alpha: 0.8,
    border_line_color: null, label_text_color: token("--ink"),
  });
}

function draw(root, columns) {
  const source = new Bokeh.ColumnDataSource({ data: known(columns) });
  const figure = Bokeh.Plotting.figure({
    sizing_mode: "stretch_both", tools: "", toolbar_location: null, y_range: [0, 1.02], min_border: 4,
    background_fill_color: null, border_fill_color: null, outline_line_color: token("--line"),
    x_axis_label: gettext("training subjects answered"),
  });
  for (const { field, legend, color, dash } of LINES) {
    figure.varea({ field: "n" }, { field: `${field}_low` }, { field: `${field}_high` }, { source, fill_color: token(color), fill_alpha: 0.16 });
    figure.line({ field: "n" }, { field }, { source, line_color: token(color), line_width: 2, line_dash: dash, legend_label: legend });
    figure.scatter({ field: "n" }, { field }, { source, size: 5, color: token(color), legend_label: legend });
  }
  paint(figure);
  Bokeh.Plotting.show(figure, root);
}

for (const root of document.querySelectorAll("[data-skill]")) draw(root, curves[root.dataset.skill]);
