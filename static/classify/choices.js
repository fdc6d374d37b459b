// A volunteer's display choices, stored in the browser across subjects and visits.
import { COLOURS } from "./colour.js";

const KEPT_AS = "wanderers.picture";

export const LAYOUTS = ["blink", "strip", "follow", "sky", "stack"];
export const STRETCHES = ["zscale", "asinh", "linear", "log", "percentile", "histogram"];

const BEGIN = {
  stretch: "zscale", colours: "grey", inverted: false, black: 0, white: 1,
  layout: "blink", planes: matchMedia("(min-width: 48rem)").matches ? "strip" : "blink", speed: 2, crosshair: true, loupe: true, closeLoupe: false, annotations: true, panel: false, swipe: false,
};
const KNOWN = { stretch: STRETCHES, colours: COLOURS, layout: LAYOUTS, planes: LAYOUTS };

function remembered() {
  try {
    const kept = Object.entries(JSON.parse(localStorage.getItem(KEPT_AS)) ?? {});
    return Object.fromEntries(kept.filter(([name, value]) => (
      typeof value === typeof BEGIN[name] && (KNOWN[name]?.includes(value) ?? true)
    )));
  } catch {
    return {};
  }
}

export class Choices {
  #listeners = [];
  arranges = "layout"; // or "planes": which of the two arrangements applies to the subject
  magnifies = "loupe"; // or "closeLoupe": small pictures fill the view already, and are magnified only on request

  constructor() {
    Object.assign(this, BEGIN, remembered());
    if (matchMedia("(max-width: 47.99rem), (max-height: 32rem)").matches) this.panel = false; // there it would cover the answers
  }

  /** The choices that determine a pixel's colour. */
  get look() {
    const { stretch, colours, inverted, black, white } = this;
    return { stretch, colours, inverted, black, white };
  }

  get arrangement() {
    return this[this.arranges];
  }

  arrange(layout) {
    this.set({ [this.arranges]: layout });
  }

  get magnifier() {
    return this[this.magnifies];
  }

  flipMagnifier() {
    this.set({ [this.magnifies]: !this.magnifier });
  }

  get hasOwnLevels() {
    return this.black !== BEGIN.black || this.white !== BEGIN.white;
  }

  /** Call `listener(names)` when choices of these names have changed. */
  listen(listener) {
    this.#listeners.push(listener);
  }

  set(change) {
    Object.assign(this, change);
    const kept = Object.fromEntries(Object.keys(BEGIN).map((name) => [name, this[name]]));
    try {
      localStorage.setItem(KEPT_AS, JSON.stringify(kept));
    } catch { /* a private window forgets the choice */ }
    for (const listener of this.#listeners) listener(Object.keys(change));
  }

  resetLevels() {
    this.set({ black: BEGIN.black, white: BEGIN.white });
  }

  next(name) {
    const all = KNOWN[name];
    this.set({ [name]: all[(all.indexOf(this[name]) + 1) % all.length] });
  }
}
