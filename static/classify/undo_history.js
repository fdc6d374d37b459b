// The answers that can still be undone, newest last, kept through a reload of the page; and the button that undoes one.

const MOST = 10;
const LONGEST = 3_600_000; // ms; a timer takes no more than 24 days

export class UndoHistory {
  #steps;
  #timer = null;

  /**
   * Each step is {entry, classification}; after a reload the entry lacks its picture. `name` is the workflow's and person's.
   * The button also serves `lines`, a LineUndo.
   */
  constructor(button, seconds, name, lines) {
    Object.assign(this, { button, seconds, storedAs: `wanderers.undo.${name}`, lines });
    this.#steps = this.#stored().filter((step) => this.timeLeft(step) > 0);
    lines.listen(() => this.#switchButton());
    this.#switchButton();
  }

  get subjects() {
    return this.#steps.map(({ entry }) => entry.item.subject.id);
  }

  get newest() {
    return this.#steps.at(-1);
  }

  /** Return for how many milliseconds more an answer can be undone. */
  timeLeft({ classification }) {
    return Date.parse(classification.finished_at) + 1000 * this.seconds - Date.now();
  }

  /** Keep an answer, if answers can be undone. */
  add(entry, classification) {
    if (this.seconds) this.#steps = [...this.#steps, { entry, classification }].slice(-MOST);
    this.#changed();
  }

  removeNewest() {
    this.#steps.pop();
    this.#changed();
  }

  #changed() {
    const steps = this.#steps.map(({ entry: { item, marks }, classification }) => ({ entry: { item, marks }, classification }));
    try {
      sessionStorage.setItem(this.storedAs, JSON.stringify(steps));
    } catch { /* full or forbidden: then a reload forgets them */ }
    this.#switchButton();
  }

  #stored() {
    try {
      return JSON.parse(sessionStorage.getItem(this.storedAs)) ?? [];
    } catch {
      return [];
    }
  }

  /** The button is off while there is nothing to undo, and once the undo time of the newest answer is over. */
  #switchButton() {
    clearTimeout(this.#timer);
    const left = this.newest ? this.timeLeft(this.newest) : 0;
    this.button.disabled = left <= 0 && !this.lines.isDue;
    if (left > 0) this.#timer = setTimeout(() => this.#switchButton(), Math.min(left, LONGEST));
  }
}
