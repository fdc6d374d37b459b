// Wheel, drag, pinch and double click on the pictures: zoom and pan, or draw where the pointer draws.

const SWIPE = 60; // minimum length of a swipe in CSS pixels
const TAP = 6; // CSS pixels within which a press does not count as a drag

function middle([a, b]) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) };
}

export class Gestures {
  #pointers = new Map();
  #drag = null; // state of a single pointer: {from, left, moved, drawing}

  /**
   * `panes.at(event)` finds {pane, x, y}. `does` has zoomBy(factor, at), panBy(right, down), hover(place or null),
   * tap(pointerType, place, left) where `left` had the focus before, swipe(direction), twice(place), and begin(place) → {move(place), end(), cancel()} or null for what is drawn.
   */
  constructor(root, panes, does) {
    this.panes = panes;
    this.does = does;
    root.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    root.addEventListener("pointerdown", (event) => this.#down(event));
    root.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) root.addEventListener(name, (event) => this.#up(event));
    root.addEventListener("pointerleave", () => does.hover(null));
    root.addEventListener("dblclick", (event) => { const place = panes.at(event); if (place) does.twice(place); });
  }

  /** Cancel gestures: the picture is gone. */
  release() {
    this.#pointers.clear();
    this.#drag = null;
  }

  #wheel(event) {
    const place = this.panes.at(event);
    if (!place) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
    const strength = event.ctrlKey ? 100 : 400; // a trackpad's pinch comes as small steps with Ctrl
    this.does.zoomBy(2 ** (-event.deltaY * lines / strength), place);
    this.does.hover(place);
  }

  #down(event) {
    const place = this.panes.at(event);
    if (!place || event.button > 1) return;
    event.preventDefault();
    const left = document.activeElement;
    left?.blur();
    place.pane.element.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, place);
    if (this.#pointers.size === 1) {
      const mayDraw = event.button === 0 && !event.shiftKey;
      this.#drag = { from: place, left, moved: false, drawing: mayDraw ? this.does.begin(place) : null };
    } else {
      this.#drag?.drawing?.cancel();
      this.#drag = null;
    }
    this.does.hover(place);
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    const place = this.panes.at(event);
    if (!place) return;
    if (!before) return this.does.hover(place);
    place.pane = before.pane;
    if (this.#pointers.size === 2) return this.#pinch(event.pointerId, place);
    this.#pointers.set(event.pointerId, place);
    const drag = this.#drag;
    if (!drag) return undefined;
    drag.moved ||= Math.hypot(place.x - drag.from.x, place.y - drag.from.y) > TAP;
    if (drag.moved && drag.drawing) drag.drawing.move(place);
    else if (drag.moved) this.does.panBy(place.x - before.x, place.y - before.y);
    return this.does.hover(place);
  }

  #swipe(from, to) {
    const [right, down] = [to.x - from.x, to.y - from.y];
    const [long, short] = [Math.abs(right), Math.abs(down)].sort((a, b) => b - a);
    if (long < SWIPE || short > long / 2) return;
    if (long === Math.abs(right)) this.does.swipe(right > 0 ? "right" : "left");
    else this.does.swipe(down > 0 ? "down" : "up");
  }

  #pinch(id, place) {
    const before = middle([...this.#pointers.values()]);
    this.#pointers.set(id, place);
    const after = middle([...this.#pointers.values()]);
    this.does.panBy(after.x - before.x, after.y - before.y);
    if (before.apart > 0) this.does.zoomBy(after.apart / before.apart, after);
  }

  #up(event) {
    const place = this.#pointers.get(event.pointerId);
    if (!place) return;
    this.#pointers.delete(event.pointerId);
    const drag = this.#drag;
    this.#drag = null;
    if (event.type === "pointercancel" || !drag?.moved) drag?.drawing?.cancel();
    else drag.drawing?.end();
    if (event.type === "pointerup" && drag && !drag.moved) this.does.tap(event.pointerType, place, drag.left);
    if (event.pointerType === "touch") {
      if (event.type === "pointerup" && drag?.moved && !drag.drawing) this.#swipe(drag.from, place);
      this.does.hover(null);
    }
  }
}
