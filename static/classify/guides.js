// Guides on the picture: crosshair, compass and scale, what others marked, the pixel readout, the magnifier.
import { AnnotationLayer } from "./annotation_layer.js";
import { Compass } from "./compass.js";
import { Loupe } from "./loupe.js";
import { clearCrosshair, drawCrosshair } from "./overlay.js";
import { Readout } from "./readout.js";

export class Guides {
  #over = null; // {pane, x, y}, where the pointer is

  constructor(part, choices, view) {
    this.choices = choices;
    this.view = view;
    this.element = part("guides");
    this.annotations = new AnnotationLayer(part("annotations"), choices, view);
    this.compass = new Compass({ north: part("north"), bar: part("bar"), length: part("length") });
    this.readout = new Readout(part("readout"));
    this.loupe = new Loupe(part("loupe-glass"));
  }

  /** Update everything: the view, a frame or a choice has changed. */
  place(scene, panes) {
    this.element.hidden = false;
    for (const pane of panes) {
      const target = this.choices.crosshair ? scene.target(pane) : null;
      if (target) drawCrosshair(pane.overlay, this.view.toPane(target, scene.shift(pane)), this.view.scale, this.view.pane);
      else clearCrosshair(pane.overlay);
    }
    this.annotations.draw(scene, panes);
    this.compass.show(scene.sky(panes[0]), this.view.scale, scene.subject.pixel_scale);
    this.point(scene, panes);
  }

  hover(place) {
    this.#over = place;
  }

  /** Read out the pixel under the pointer; without a pointer, the centre of the zoomed view. */
  point(scene, panes) {
    const over = panes.includes(this.#over?.pane) ? this.#over : null;
    const { width, height } = this.view.pane;
    const at = over ?? (this.view.isWhole ? null : { pane: panes[0], x: width / 2, y: height / 2 });
    if (!at) return this.#rest();
    const { pane } = at;
    const place = this.view.toImage(at, scene.shift(pane));
    const sky = pane.frame === null ? null : scene.sky(pane);
    this.readout.show(scene.pictureOf(pane), pane.frame ?? 0, pane.channel, place, sky);
    if (over && this.choices.magnifier) this.loupe.show(pane, place, at, this.view.scale);
    else this.loupe.hide();
    return undefined;
  }

  clear() {
    this.#over = null;
    this.element.hidden = true;
    this.annotations.clear();
    this.#rest();
  }

  #rest() {
    this.readout.clear();
    this.loupe.hide();
  }
}
