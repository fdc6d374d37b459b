// Bars that stand side by side, one for each name, at the places 0, 1, 2 and so on.

/** Label as many bars as fit. */
export function nameBars(figure, root, names) {
  const places = names.map((_, place) => place);
  const every = Math.ceil(places.length / (root.clientWidth / 28));
  const ticks = places.filter((place) => (places.length - 1 - place) % every === 0);
  for (const axis of figure.xaxis) {
    axis.ticker = new Bokeh.FixedTicker({ ticks });
    axis.major_label_overrides = new Map(ticks.map((place) => [place, names[place]]));
    axis.major_label_orientation = "vertical";
  }
}
