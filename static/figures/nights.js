// False positives, false negatives and saved work by night, drawn by Bokeh. The table beneath has the same numbers.
import { figureOf, finish, show, speak, token, ZOOM } from "../site/plot.js";

const data = JSON.parse(document.getElementById("nights-data").textContent);
const root = document.querySelector('[data-figure="nights"]');
const RATES = [
  { field: "false_positive", legend: gettext("false positives"), color: "--no", marker: "circle" },
  { field: "false_negative", legend: gettext("false negatives"), color: "--unsure", marker: "square" },
];

function known(values) {
  return values.map((value) => value ?? NaN);
}

function draw() {
  const figure = figureOf({
    ...ZOOM,
    y_range: new Bokeh.Range1d({ start: -0.02, end: 1.02 }),
    x_axis_label: gettext("night (MJD)"),
    y_axis_label: gettext("fraction"),
  });
  const saved = { line_color: token("--accent"), line_width: 2, line_dash: "dashed", legend_label: gettext("work saved") };
  figure.line(data.mjd, known(data.saved), saved);
  RATES.forEach(({ field, legend, color, marker }, place) => {
    const style = { line_color: token(color), line_alpha: 0.7 };
    const at = data.mjd.map((mjd) => mjd + (place - 0.5) * 0.2); // beside each other, so that no whisker hides one
    figure.segment(at, known(data[`${field}_low`]), at, known(data[`${field}_high`]), style);
    figure.scatter(at, known(data[field]), { size: 7, marker, color: token(color), legend_label: legend });
  });
  for (const axis of figure.xaxis) axis.ticker = new Bokeh.BasicTicker({ min_interval: 1, num_minor_ticks: 0 });
  finish(figure);
  speak(figure.xaxis, { useGrouping: false });
  return figure;
}

show(root, draw);

// The slider writes into the form's field, and asks for the nights at that threshold once it is let go. The field moves
// the slider; Enter in it sends the form.
const slider = document.getElementById("night-threshold");
const field = document.querySelector("form [name=threshold]");
const threshold = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 3, maximumFractionDigits: 3 });

function say(value) {
  document.querySelector("[data-threshold]").textContent = threshold.format(value);
}

slider.addEventListener("input", () => {
  field.value = slider.value;
  say(slider.valueAsNumber);
});
field.addEventListener("input", () => {
  if (field.value === "" || !field.validity.valid) return;
  slider.value = field.value;
  say(field.valueAsNumber);
});
slider.addEventListener("change", () => field.form.requestSubmit());
