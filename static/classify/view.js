// The visible part of the picture: one centre and one zoom, shared by all panes. Image coordinates here run from the
// upper left corner of the picture, (0, 0), to its lower right one, (width, height).

const LARGEST_PIXEL = 64; // CSS pixels a side
const DEEPEST = 8; // times the whole picture, where its pixels are large already

export class View {
  zoom = 1;
  x = 0;
  y = 0;
  #picture = { width: 1, height: 1 };
  #pane = { width: 1, height: 1 };

  /** `changed()` is called when another part is seen. */
  constructor(changed) {
    this.changed = changed;
  }

  /** CSS pixels per pixel of the picture. */
  get scale() {
    return this.#whole * this.zoom;
  }

  get isWhole() {
    return this.zoom === 1;
  }

  get pane() {
    return this.#pane;
  }

  get #whole() {
    return Math.min(this.#pane.width / this.#picture.width, this.#pane.height / this.#picture.height);
  }

  /** Begin with a whole picture; it is seen when the panes have their size. */
  open({ width, height }) {
    this.#picture = { width, height };
    this.#seeAll();
  }

  /** The panes have this size now. */
  resize(pane) {
    this.#pane = pane;
    this.#settle();
  }

  reset() {
    this.#seeAll();
    this.changed();
  }

  /** Show one pixel of the picture as one of the screen's. */
  oneToOne() {
    this.zoomBy(1 / this.scale);
  }

  /** Zoom so that the place under `at` (in the pane) stays where it is. */
  zoomBy(factor, at = { x: this.#pane.width / 2, y: this.#pane.height / 2 }) {
    const place = this.toImage(at);
    const most = Math.max(LARGEST_PIXEL / this.#whole, DEEPEST);
    this.zoom = Math.min(most, Math.max(Math.min(1, 1 / this.#whole), this.zoom * factor));
    if (Math.abs(this.zoom - 1) < 0.01) this.zoom = 1;
    this.x = place.x - (at.x - this.#pane.width / 2) / this.scale;
    this.y = place.y - (at.y - this.#pane.height / 2) / this.scale;
    this.#settle();
  }

  /** Move the picture by CSS pixels. */
  panBy(right, down) {
    this.x -= right / this.scale;
    this.y -= down / this.scale;
    this.#settle();
  }

  toImage({ x, y }, shift = [0, 0]) {
    return {
      x: this.x + (x - this.#pane.width / 2) / this.scale + shift[0],
      y: this.y + (y - this.#pane.height / 2) / this.scale + shift[1],
    };
  }

  toPane({ x, y }, shift = [0, 0]) {
    return {
      x: this.#pane.width / 2 + (x - shift[0] - this.x) * this.scale,
      y: this.#pane.height / 2 + (y - shift[1] - this.y) * this.scale,
    };
  }

  #seeAll() {
    this.zoom = 1;
    this.x = this.#picture.width / 2;
    this.y = this.#picture.height / 2;
  }

  /** Keep the picture in the pane: centred where it is smaller, without a margin where it is larger. */
  #settle() {
    for (const [axis, side] of [["x", "width"], ["y", "height"]]) {
      const half = this.#pane[side] / this.scale / 2;
      const whole = this.#picture[side];
      this[axis] = 2 * half >= whole ? whole / 2 : Math.min(whole - half, Math.max(half, this[axis]));
    }
    this.changed();
  }
}
