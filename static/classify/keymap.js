// Shortcuts: each action has a name, and a volunteer's changes are stored in the browser.

const KEPT_AS = "wanderers.keys";

function remembered() {
  try { return JSON.parse(localStorage.getItem(KEPT_AS)) ?? {}; } catch { return {}; }
}

const FOREIGN = /^(?!\p{Script=Latin})\p{L}$/u;

/**
 * Return the name of a key press: letters in lower case, arrows with Shift as "Shift+ArrowLeft"; a letter of another script
 * by the Latin one on its key.
 */
export function keyOf(event) {
  if (FOREIGN.test(event.key) && event.code.startsWith("Key")) return event.code.slice(3).toLowerCase();
  if (event.key.length === 1) return event.key.toLowerCase();
  return event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key;
}

const SIGN = /^[^\p{L}\p{N}\s]$/u;

/** Whether a key press is a shortcut of the browser's; AltGr and Option write the brackets of many keyboards. */
export function isOfTheBrowser({ key, ctrlKey, metaKey, altKey }) {
  return metaKey || ((ctrlKey || altKey) && !(altKey && SIGN.test(key)));
}

/** Return the digit of a key in the row that writes digits with Shift alone on French keyboards, "" for other presses. */
export function digitOf({ code, shiftKey }) {
  return (!shiftKey && code?.match(/^Digit(\d)$/)?.[1]) || "";
}

export class Keymap {
  #own = remembered();
  #listeners = [];

  /** `actions` is {name: {label, keys, run}}, in the order in which they are listed. */
  constructor(actions) {
    this.actions = actions;
  }

  get hasOwnKeys() {
    return Object.keys(this.#own).length > 0;
  }

  /** The keys of an action: the volunteer's own, or those that it comes with and that no other action was given; none if it is not offered. */
  keysOf(name) {
    if (this.#own[name]) return this.#own[name];
    const taken = new Set(Object.values(this.#own).flat());
    return (this.actions[name]?.keys ?? []).filter((key) => !taken.has(key));
  }

  find(key) {
    return Object.keys(this.actions).find((name) => this.keysOf(name).includes(key)) ?? null;
  }

  /** Run the key's action; return whether it has one. */
  press(key) {
    const name = this.find(key);
    if (name) this.actions[name].run();
    return name !== null;
  }

  /** Assign a key to an action, removing it from any other. */
  give(name, key) {
    for (const [other, keys] of Object.entries(this.#own)) this.#own[other] = keys.filter((each) => each !== key);
    this.#own[name] = [key];
    this.#keep();
  }

  /** Reset all shortcuts. */
  reset() {
    this.#own = {};
    this.#keep();
  }

  listen(listener) {
    this.#listeners.push(listener);
    listener();
  }

  #keep() {
    try {
      localStorage.setItem(KEPT_AS, JSON.stringify(this.#own));
    } catch { /* a private window forgets it with the page */ }
    for (const listener of this.#listeners) listener();
  }
}
