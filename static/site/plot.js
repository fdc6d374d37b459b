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

/** Return a transparent figure that fills its container; `options` are Bokeh's. */
export function figureOf(options) {
  return Bokeh.Plotting.figure({
    sizing_mode: "stretch_both", min_border: 4, background_fill_color: null, border_fill_color: null, ...options,
  });
}

/** Format the axes' numbers in the page's language, using the browser, since Bokeh can't. */
export function speak(figure) {
  const numbers = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 6 });
  const doFormat = (ticks) => ticks.map((tick) => numbers.format(tick));
  for (const axis of [...figure.xaxis, ...figure.yaxis]) {
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
    background_fill_color: token("--raised"), background_fill_alpha: 0.8, border_line_color: null,
    label_text_color: token("--ink"),
  });
}

/** Show the figure made by `draw`, and redraw it when the theme changes, since a canvas keeps its colours. */
export function show(root, draw) {
  let shown = add(root, draw);
  document.documentElement.addEventListener("themechange", () => {
    shown = shown.then((figure) => { figure.document.clear(); return add(root, draw); });
  });
}

async function add(root, draw) {
  const figure = draw();
  await Bokeh.Plotting.show(figure, root);
  return figure;
}
