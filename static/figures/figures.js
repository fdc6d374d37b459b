// Discovery figures, drawn by Bokeh: the champion's working point, the subjects' places and motions, and completeness.
// The tables beneath have the same numbers.
import { DECADES, figureOf, finish, open, show, tickAt, token, ZOOM } from "../site/plot.js";

const data = JSON.parse(document.getElementById("figures-data").textContent);
const { curves } = data;
const root = (name) => document.querySelector(`[data-figure="${name}"]`);
const UNIT = () => ({ x_range: new Bokeh.Range1d({ start: -0.02, end: 1.02 }), y_range: new Bokeh.Range1d({ start: -0.02, end: 1.02 }) });
const known = (values) => values.map((value) => value ?? NaN);
const CURVES = {
  roc: { x: "false_positive_rate", y: "completeness", x_label: gettext("false positive rate"), y_label: gettext("completeness") },
  precision: { x: "completeness", y: "precision", x_label: gettext("completeness"), y_label: gettext("precision") },
  purity: { x: "completeness", y: "purity", x_label: gettext("completeness"), y_label: gettext("purity") },
};
const HISTOGRAMS = { mag: gettext("magnitude"), rate: gettext("rate (″/h)") };

// The working point: one row of the curves, marked in each of them.
const marks = new Map(); // by plot, since Bokeh can't share a source
let row = data.row;

function curve(name, { x, y, x_label, y_label }) {
  const figure = figureOf({ ...ZOOM, ...UNIT(), x_axis_label: x_label, y_axis_label: y_label });
  if (name === "roc") figure.line([0, 1], [0, 1], { line_color: token("--line"), line_dash: "dotted", line_width: 1.5 });
  figure.line([...(name === "roc" ? [0] : []), ...known(curves[x])], [...(name === "roc" ? [0] : []), ...known(curves[y])], { line_color: token("--accent"), line_width: 2 });
  const source = new Bokeh.ColumnDataSource({ data: marked(x, y) });
  marks.set(name, source);
  figure.scatter({ field: "x" }, { field: "y" }, { source, size: 12, marker: "diamond", color: token("--no") });
  return finish(figure);
}

function marked(x, y) {
  return { x: [curves[x][row] ?? NaN], y: [curves[y][row] ?? NaN] };
}

function calibration() {
  const { mean, real, low, high } = curves.reliability;
  const figure = figureOf({ ...ZOOM, ...UNIT(), x_axis_label: gettext("mean probability"), y_axis_label: gettext("fraction of real") });
  figure.line([0, 1], [0, 1], { line_color: token("--line"), line_dash: "dotted", line_width: 1.5 });
  figure.segment(mean, low, mean, high, { line_color: token("--accent"), line_width: 2 });
  figure.scatter(mean, real, { size: 7, color: token("--accent") });
  return finish(figure);
}

function percent(fraction) {
  return new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 1 }).format(fraction);
}

function choose(place) {
  row = place;
  const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
  const threshold = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 3, maximumFractionDigits: 3 }).format(curves.threshold[row]);
  const completeness = interpolate(gettext("At this threshold you keep %s of the movers (%s to %s)"), [curves.completeness[row], curves.low[row], curves.high[row]].map(percent));
  const looks = curves.per_night && interpolate(gettext("and look at %s subjects a night."), [number.format(curves.per_night[row])]);
  document.querySelector("[data-threshold]").textContent = threshold;
  document.querySelector("[data-sentence]").textContent = looks ? `${completeness} ${looks}` : `${completeness}.`;
  const link = document.querySelector("[data-nights]");
  link.search = `?threshold=${curves.threshold[row]}`;
  for (const [name, source] of marks) source.data = marked(CURVES[name].x, CURVES[name].y);
}

function nearest(threshold) {
  const distances = curves.threshold.map((each) => Math.abs(each - threshold));
  return distances.indexOf(Math.min(...distances));
}

/** Let the slider write into the form's field, and the field move the slider; Enter in the field sends the form. */
function linkSliderAndField(slider, field) {
  slider.addEventListener("input", () => {
    choose(Number(slider.value));
    field.value = curves.threshold[row];
  });
  slider.addEventListener("change", updateAddress);
  field.addEventListener("input", () => {
    if (field.value === "" || !field.validity.valid) return;
    slider.value = nearest(field.valueAsNumber);
    choose(Number(slider.value));
  });
}

function updateAddress() {
  const address = new URL(location);
  address.searchParams.set("threshold", curves.threshold[row]);
  history.replaceState(null, "", address);
}

// The subjects.
const SIDES = [
  { name: "no_known_object", is: false, legend: gettext("no known object nearby"), color: "--accent", marker: "circle" },
  { name: "known_object", is: true, legend: gettext("known object nearby"), color: "--unsure", marker: "square" },
  { name: "not_compared", is: null, legend: gettext("not compared with known objects"), color: "--quiet", marker: "triangle" },
];

function dots(figure, points, x, y) {
  const renderers = [];
  for (const { is, legend, color, marker } of SIDES) {
    const rows = points.pk.flatMap((_, i) => (points.known[i] === is ? [i] : []));
    if (!rows.length) continue;
    const pick = (name) => rows.map((i) => points[name][i] ?? NaN);
    const source = new Bokeh.ColumnDataSource({ data: { x: pick(x), y: pick(y), pk: pick("pk"), name: pick("name") } });
    const drawn = figure.scatter({ field: "x" }, { field: "y" }, { source, size: 6, marker, color: token(color), alpha: 0.7, nonselection_alpha: 0.7, legend_label: legend });
    renderers.push(drawn);
  }
  figure.add_tools(new Bokeh.HoverTool({ renderers, tooltips: [["", "@name"]] }));
  figure.add_tools(new Bokeh.TapTool({ renderers, callback: new Bokeh.OpenURL({ url: data.subject, same_tab: true }) }));
}

function sky(points, name) {
  const figure = figureOf({
    ...ZOOM,
    x_range: new Bokeh.Range1d({ start: -2.05, end: 2.05 }),
    y_range: new Bokeh.Range1d({ start: -1.05, end: 1.05 }),
    match_aspect: true,
    outline_line_color: null,
  });
  const { grid } = data.graticule;
  figure.multi_line(grid.x, grid.y, { line_color: token("--line"), line_width: 1 });
  const plane = data.graticule[name];
  figure.multi_line(plane.x, plane.y, { line_color: token("--quiet"), line_dash: "dashed", legend_label: name === "equatorial" ? gettext("ecliptic") : gettext("celestial equator") });
  dots(figure, points, `${name}_x`, `${name}_y`);
  finish(figure);
  for (const part of [...figure.xaxis, ...figure.yaxis, ...figure.xgrid, ...figure.ygrid]) part.visible = false;
  return figure;
}

function motion(points) {
  const figure = figureOf({
    ...ZOOM,
    x_range: new Bokeh.Range1d({ start: -5, end: 365 }),
    y_axis_type: "log",
    x_axis_label: gettext("position angle (°), from north through east"),
    y_axis_label: gettext("rate (″/h)"),
  });
  dots(figure, points, "pa", "rate");
  tickAt(figure.xaxis, figure.xgrid, [0, 90, 180, 270, 360]);
  tickAt(figure.yaxis, figure.ygrid, DECADES);
  return finish(figure);
}

function histogram(name) {
  const { columns, addresses } = data.histograms[name];
  const [left, right] = [columns[`${name}_from`], columns[`${name}_to`]];
  const isLog = name === "rate" && right[0] / left[0] > 1.01 && right.at(-1) / left[0] > 20;
  const figure = figureOf({
    ...ZOOM,
    x_axis_type: isLog ? "log" : "linear",
    x_axis_label: HISTOGRAMS[name],
    y_axis_label: gettext("subjects"),
  });
  const bars = (bottom, n, color, legend_label) => {
    const source = new Bokeh.ColumnDataSource({ data: { left, right, bottom, n, top: n.map((each, i) => each + bottom[i]) } });
    const style = { source, fill_color: token(color), fill_alpha: 0.7, line_color: token("--raised"), legend_label };
    const drawn = figure.quad(...["left", "right", "bottom", "top"].map((field) => ({ field })), style);
    figure.add_tools(new Bokeh.HoverTool({ renderers: [drawn], tooltips: [["", "@left{0.00}–@right{0.00}: @n{0,0}"]] }));
    return drawn;
  };
  const pairs = [];
  let bottom = left.map(() => 0);
  for (const { name: side, legend, color } of SIDES) {
    const n = columns[side];
    if (!n.some(Boolean)) continue;
    pairs.push([bars(bottom, n, color, legend), addresses[side]]);
    bottom = bottom.map((each, i) => each + n[i]);
  }
  if (isLog) tickAt(figure.xaxis, figure.xgrid, right.at(-1) / left[0] > 300 ? DECADES.filter((_, place) => place % 3 === 0) : DECADES);
  if (addresses.no_known_object) open(figure, pairs);
  return finish(figure);
}

function plane(finder) {
  const { columns, addresses } = data.planes[finder];
  const [left, right, bottom, top] = Object.values(columns);
  const shade = columns.completeness.map((completeness) => 0.08 + 0.6 * completeness);
  const source = new Bokeh.ColumnDataSource({ data: { ...columns, left, right, bottom, top, label: columns.completeness.map(percent), shade } });
  const figure = figureOf({ ...ZOOM, x_axis_label: data.brightness, y_axis_label: HISTOGRAMS.rate });
  const field = (name) => ({ field: name });
  const drawn = figure.quad(field("left"), field("right"), field("bottom"), field("top"), { source, fill_color: token("--accent"), fill_alpha: field("shade"), line_color: token("--raised") });
  figure.add_tools(new Bokeh.HoverTool({ renderers: [drawn], tooltips: [["", "@label (@low{0.00}–@high{0.00}), @movers{0,0}"]] }));
  open(figure, [[drawn, addresses.movers]]);
  return finish(figure);
}

if (curves) {
  for (const [name, options] of Object.entries(CURVES)) show(root(name), () => curve(name, options));
  show(root("calibration"), calibration);
  linkSliderAndField(document.getElementById("working-point"), document.querySelector("form [name=threshold]"));
  choose(row);
}
for (const name of Object.keys(data.histograms)) show(root(name), () => histogram(name));
for (const finder of Object.keys(data.planes)) show(root(`plane-${finder}`), () => plane(finder));

async function drawSubjects() {
  const response = await fetch(data.points, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(String(response.status));
  const points = await response.json();
  for (const name of ["equatorial", "ecliptic"]) show(root(name), () => sky(points, name));
  if (root("motion")) show(root("motion"), () => motion(points));
}

if (root("equatorial")) {
  drawSubjects().catch(() => {
    const broken = document.querySelector("[data-broken]");
    Object.assign(broken, { hidden: false, textContent: gettext("The points failed to load. Reload the page to try again.") });
  });
}
