// A subject's path on the sky and the residuals of uniform motion, drawn by Bokeh. The table beneath has the numbers.
import { figureOf, finish, show, token, ZOOM } from "../site/plot.js";

const { known, fit_east, fit_north, ...columns } = JSON.parse(document.getElementById("motion-data").textContent);

const WIDEST = 60; // arcsec, like the search for known objects

function span(values, errors) {
  const low = Math.min(...values.map((value, i) => value - errors[i]));
  const high = Math.max(...values.map((value, i) => value + errors[i]));
  const margin = 0.1 * (high - low) || 1;
  return [low - margin, high + margin];
}

const WHISKER = { line_color: token("--accent"), line_alpha: 0.6 };

function whiskers(figure, x, y, error) {
  figure.segment(x, y.map((value, i) => value - error[i]), x, y.map((value, i) => value + error[i]), WHISKER);
}

/** Keep the range to a minute of arc about a prediction: a poor orbit's ellipse runs out of the plot. */
function near(corners, middle) {
  return corners.map((value) => Math.min(middle + WIDEST, Math.max(middle - WIDEST, value)));
}

/** One scale for both axes, and east to the left. */
function sky() {
  const { east, north, error_east, error_north, label } = columns;
  const corners = ["east", "north"].map((name, axis) => known.flatMap((one) => near(one.outline?.[axis] ?? [one[name]], one[name])));
  const still = corners[0].map(() => 0);
  const [xs, ys] = [span([...east, ...corners[0]], [...error_east, ...still]), span([...north, ...corners[1]], [...error_north, ...still])];
  const half = Math.max(xs[1] - xs[0], ys[1] - ys[0]) / 2;
  const [x, y] = [(xs[0] + xs[1]) / 2, (ys[0] + ys[1]) / 2];
  const figure = figureOf({
    ...ZOOM,
    x_range: new Bokeh.Range1d({ start: x + half, end: x - half }),
    y_range: new Bokeh.Range1d({ start: y - half, end: y + half }),
    match_aspect: true,
    x_axis_label: gettext("east (″)"),
    y_axis_label: gettext("north (″)"),
  });
  figure.line(fit_east, fit_north, { line_color: token("--quiet"), line_width: 2, legend_label: gettext("uniform motion") });
  whiskers(figure, east, north, error_north);
  figure.segment(east.map((value, i) => value - error_east[i]), north, east.map((value, i) => value + error_east[i]), north, WHISKER);
  figure.scatter(east, north, { size: 7, color: token("--accent"), legend_label: gettext("detections") });
  figure.text(east, north, label, { text_color: token("--ink"), text_font_size: "11px", x_offset: 7, y_offset: -5 });
  for (const { name, east: e, north: n, outline } of known) {
    if (outline) {
      const style = { line_color: token("--no"), line_width: 2, fill_color: token("--no"), fill_alpha: 0.08 };
      figure.patch(...outline, { ...style, legend_label: gettext("1σ error ellipse") });
    }
    figure.scatter([e], [n], { size: 9, marker: "diamond", color: token("--no"), legend_label: gettext("predicted") });
    figure.text([e], [n], [name], { text_color: token("--no"), text_font_size: "11px", x_offset: 8, y_offset: 12 });
  }
  return finish(figure);
}

function residuals(name) {
  const { hours, label } = columns;
  const [values, error] = [columns[name], columns[`error_${name}`]];
  const [low, high] = span([...values, 0], [...error, 0]);
  const [first, last] = span(hours, hours.map(() => 0));
  const figure = figureOf({
    ...ZOOM,
    x_range: new Bokeh.Range1d({ start: first, end: last }),
    y_range: new Bokeh.Range1d({ start: low, end: high }),
    x_axis_label: gettext("hours since the first detection"),
    y_axis_label: gettext("residual (″)"),
  });
  figure.add_layout(new Bokeh.Span({ location: 0, dimension: "width", line_color: token("--quiet"), line_width: 1 }));
  whiskers(figure, hours, values, error);
  figure.scatter(hours, values, { size: 7, color: token("--accent") });
  figure.text(hours, values, label, { text_color: token("--ink"), text_font_size: "11px", x_offset: 7, y_offset: -5 });
  return finish(figure);
}

for (const root of document.querySelectorAll("[data-motion]")) {
  const name = root.dataset.motion;
  show(root, name === "sky" ? sky : () => residuals(name));
}
