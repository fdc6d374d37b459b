// The list of shortcuts in the help, each with a button to change it.
import { isOfTheBrowser, keyOf } from "./keymap.js";

const NAMES = {
  " ": gettext("Space"), ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Enter: "Enter", "-": "−",
};

const MODIFIERS = new Set(["Tab", "Shift", "AltGraph", "Alt", "Control", "Meta"]);

function nameOf(key) {
  if (key.startsWith("Shift+")) return [gettext("Shift"), nameOf(key.slice(6))].join(" ");
  return NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

/** Write the shortcuts on their buttons. */
export function labelButtons(keymap) {
  for (const label of document.querySelectorAll("[data-key-of]")) {
    label.textContent = keymap.keysOf(label.dataset.keyOf).slice(0, 1).map(nameOf).join("");
  }
}

export class KeyList {
  #waiting = null; // the button that waits for its key

  /** `parts` has list, the element to fill; reset, a button; and dialog, around both. */
  constructor(keymap, { list, reset, dialog }) {
    this.keymap = keymap;
    this.list = list;
    this.reset = reset;
    for (const name of Object.keys(keymap.actions)) list.append(...this.#row(name));
    list.addEventListener("click", (event) => this.#ask(event.target.closest("button")));
    reset.addEventListener("click", () => keymap.reset());
    dialog.addEventListener("keydown", (event) => this.#take(event), { capture: true });
    dialog.addEventListener("close", () => this.#stop());
    keymap.listen(() => this.#show());
  }

  #row(name) {
    const [term, detail, button] = ["dt", "dd", "button"].map((tag) => document.createElement(tag));
    Object.assign(button, { type: "button", className: "key", value: name });
    detail.textContent = this.keymap.actions[name].label;
    term.append(button);
    return [term, detail];
  }

  #ask(button) {
    this.#stop();
    if (!button) return;
    this.#waiting = button;
    button.textContent = gettext("Press a key…");
  }

  #take(event) {
    if (!this.#waiting || MODIFIERS.has(event.key) || isOfTheBrowser(event)) return;
    event.preventDefault();
    event.stopPropagation();
    const name = this.#waiting.value;
    this.#waiting = null;
    if (event.key === "Escape") this.#show();
    else this.keymap.give(name, keyOf(event));
  }

  #stop() {
    this.#waiting = null;
    this.#show();
  }

  #show() {
    for (const button of this.list.querySelectorAll("button")) {
      const keys = this.keymap.keysOf(button.value).map(nameOf).join(gettext(" or "));
      button.textContent = keys || gettext("none");
      const label = interpolate(gettext("%(action)s: %(keys)s. Change the key"), { action: this.keymap.actions[button.value].label, keys: button.textContent }, true);
      button.setAttribute("aria-label", label);
    }
    this.reset.hidden = !this.keymap.hasOwnKeys;
  }
}
