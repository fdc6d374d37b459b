// A magnifier: the pixels under the pointer, four times enlarged, in the opposite corner.

const MAGNIFIES = 4;

export class Loupe {
  constructor(element) {
    this.element = element;
    this.canvas = element.querySelector("canvas");
  }

  /** `place` is in the picture behind `canvas`, `at` in its pane; `scale` is CSS pixels per pixel there. */
  show(canvas, place, at, pane, scale) {
    const { width: side } = this.canvas;
    const context = this.canvas.getContext("2d");
    const shown = side / (scale * MAGNIFIES);
    context.imageSmoothingEnabled = false;
    context.fillStyle = "#04060a";
    context.fillRect(0, 0, side, side);
    context.drawImage(canvas, place.x - shown / 2, place.y - shown / 2, shown, shown, 0, 0, side, side);
    this.element.dataset.corner = at.x > pane.width / 2 ? "left" : "right";
    this.element.hidden = false;
  }

  hide() {
    this.element.hidden = true;
  }
}
