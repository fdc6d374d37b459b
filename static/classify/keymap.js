// Which key does what. Each action has a name; a volunteer may give it another key, and the browser remembers that.

const KEPT_AS = "wanderers.keys";

function remembered() {
  try { return JSON.parse(localStorage.getItem(KEPT_AS)) ?? {}; } catch { return {}; }
}

/** Name a key press as the tables do: letters in lower case, arrows with Shift as "Shift+ArrowLeft". */
export function keyOf(event) {
  if (event.key.length === 1) return event.key.toLowerCase();
  return event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key;
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

  /** The keys of an action: the volunteer's own, or those that it comes with and that no other action was given. */
  keysOf(name) {
    if (this.#own[name]) return this.#own[name];
    const taken = new Set(Object.values(this.#own).flat());
    return this.actions[name].keys.filter((key) => !taken.has(key));
  }

  find(key) {
    return Object.keys(this.actions).find((name) => this.keysOf(name).includes(key)) ?? null;
  }

  /** Do what the key stands for; return whether it stands for anything. */
  press(key) {
    const name = this.find(key);
    if (name) this.actions[name].run();
    return name !== null;
  }

  /** Give an action another key; whichever action had it goes without. */
  give(name, key) {
    for (const [other, keys] of Object.entries(this.#own)) this.#own[other] = keys.filter((each) => each !== key);
    this.#own[name] = [key];
    this.#keep();
  }

  /** Forget all changes. */
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
