// The classify page's picture viewer, with its shortcuts, on any page about subjects.
import { Keymap } from "../classify/keymap.js";
import { listen } from "../classify/keys.js";
import { pictureActions } from "../classify/picture_keys.js";
import { fetchPicture } from "../classify/raw_pixels.js";
import { Stage } from "../classify/stage.js";

export class SubjectViewer {
  #turn = 0; // counts subjects, so that a late picture of an earlier one is ignored

  /** `taken`: the page's own keys, which the viewer leaves alone; while it is hidden, it takes none. */
  constructor({ taken = [] } = {}) {
    this.config = JSON.parse(document.getElementById("viewer-config").textContent);
    this.root = document.querySelector("[data-viewer]");
    const part = (name) => this.root.querySelector(`[data-part="${name}"]`);
    this.broken = part("broken");
    this.stage = new Stage(part, this.config, (text) => { part("status").textContent = text; });
    const keymap = new Keymap(pictureActions(this.stage, this.config));
    listen({ press: (key) => !taken.includes(key) && !this.root.closest("[hidden]") && keymap.press(key) });
  }

  /** Show a subject, or the one that a promise brings. */
  async show(coming) {
    const mine = ++this.#turn;
    this.broken.hidden = true;
    try {
      const subject = await coming;
      const picture = await fetchPicture(subject, this.config.channels);
      if (mine === this.#turn) this.stage.show(picture, subject);
    } catch (error) {
      if (mine !== this.#turn) return;
      this.stage.clear();
      Object.assign(this.broken, { hidden: false, textContent: error.message });
    }
  }

  clear() {
    this.#turn += 1;
    this.stage.clear();
  }
}
