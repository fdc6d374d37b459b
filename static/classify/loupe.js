// A magnifier: the pixels under the pointer, four times enlarged, on the other side of the pictures.

const MAGNIFIES = 4;
const LARGEST = 176; // CSS pixels
const MARGIN = 20; // CSS pixels between the magnifier and the middle of the pictures, and the edge

export class Loupe {
  constructor(element) {
    this.element = element;
    this.canvas = element.querySelector("canvas");
  }

  /** `place` is in the picture that the pane shows, `at` in the pane; `scale` is CSS pixels per pixel there. */
  show(pane, place, at, scale) {
    const { offsetLeft, offsetParent } = pane.element;
    const half = offsetParent.clientWidth / 2;
    const side = Math.min(LARGEST, Math.floor(half - MARGIN));
    this.#draw(pane.canvas, place, side, side / (scale * MAGNIFIES));
    this.element.dataset.corner = offsetLeft + at.x > half ? "left" : "right";
    this.element.hidden = false;
  }

  hide() {
    this.element.hidden = true;
  }

  #draw(picture, { x, y }, side, shown) {
    if (this.canvas.width !== side) Object.assign(this.canvas, { width: side, height: side });
    const context = this.canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.fillStyle = "#04060a";
    context.fillRect(0, 0, side, side);
    context.drawImage(picture, x - shown / 2, y - shown / 2, shown, shown, 0, 0, side, side);
  }
}
