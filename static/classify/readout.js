// The pixel readout under the pointer: position, value, and sky coordinates.

const DIGITS = 4;

function coordinates([ra, dec]) {
  return `${ra.toFixed(5)}°, ${dec < 0 ? "−" : "+"}${Math.abs(dec).toFixed(5)}°`;
}

function number(value) {
  if (Number.isNaN(value)) return gettext("no data");
  return Number(value.toPrecision(DIGITS)).toLocaleString(document.documentElement.lang);
}

export class Readout {
  constructor(element) {
    this.element = element;
  }

  /** `place` is in the picture, from its upper left corner; `sky` that of the frame, or null. */
  show(picture, frame, channel, place, sky) {
    const [column, row] = [Math.floor(place.x), Math.floor(place.y)];
    const value = picture.value(frame, channel, column, row);
    if (value === undefined) return this.clear();
    const y = picture.height - 1 - row;
    const pixel = interpolate(gettext("x %(x)s, y %(y)s"), { x: column, y }, true);
    const parts = [pixel, number(value)];
    if (sky) parts.push(coordinates(sky.position(place.x - 0.5, picture.height - place.y - 0.5)));
    this.element.textContent = parts.join(" · ");
    this.element.hidden = false;
    return undefined;
  }

  clear() {
    this.element.hidden = true;
  }
}
