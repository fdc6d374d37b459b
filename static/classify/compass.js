// Compass and scale bar in the corner, as on a map.

const LENGTHS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200]; // arcsec
const PIXELS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
const LONGEST = 120; // CSS pixels
const RADIUS = 15;
const LABEL = 7; // from the end of a line to the middle of its letter

function written(arcsec) {
  if (arcsec >= 3600) return `${arcsec / 3600}°`;
  return arcsec >= 60 ? `${arcsec / 60}′` : `${arcsec}″`;
}

export class Compass {
  /** `parts` are {arrow, bar, length}: two groups of an SVG, and where the length is written. */
  constructor({ north, bar, length }) {
    this.north = north;
    this.bar = bar;
    this.length = length;
  }

  /** `zoom` is CSS pixels per pixel; `pixelScale` arcsec per pixel, for a frame without a sky. */
  show(sky, zoom, pixelScale) {
    this.#showNorth(sky);
    const arcsec = sky?.scale ?? pixelScale;
    const lengths = arcsec ? LENGTHS : PIXELS;
    const long = (length) => length * zoom / (arcsec ?? 1);
    const length = lengths.findLast((each) => long(each) <= LONGEST) ?? lengths[0];
    this.bar.style.width = `${long(length).toFixed(1)}px`;
    const text = arcsec ? written(length) : interpolate(ngettext("%s pixel", "%s pixels", length), [length]);
    if (this.length.textContent !== text) this.length.textContent = text;
  }

  #showNorth(sky) {
    this.north.toggleAttribute("hidden", !sky);
    if (!sky) return;
    const [[nx, ny], [ex, ey]] = sky.directions;
    const [north, east] = this.north.querySelectorAll("line");
    const [n, e] = this.north.querySelectorAll("text");
    for (const [line, text, x, y, far] of [[north, n, nx, ny, RADIUS], [east, e, ex, ey, RADIUS * 0.7]]) {
      line.setAttribute("x2", x * far);
      line.setAttribute("y2", -y * far);
      text.setAttribute("x", x * (far + LABEL));
      text.setAttribute("y", -y * (far + LABEL));
    }
  }
}
