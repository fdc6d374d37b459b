// The lines that a volunteer draws along trails. They are kept in pixels: the centre of the lower left pixel is
// x = 0, y = 0, and y grows upwards, as the server stores them.

export class Marks {
  #lines = [];
  #past = []; // the lines before each step, as JSON
  #going = ""; // the name of the step that more changes belong to

  /** `most` lines at most; `changed()` is called after each change. */
  constructor(most, changed) {
    this.most = most;
    this.changed = changed;
  }

  get lines() {
    return this.#lines;
  }

  get isFull() {
    return this.#lines.length >= this.most;
  }

  /** Begin with a subject of this size, and with the lines that it had when it was answered before. */
  open({ width, height }, lines = []) {
    this.width = width;
    this.height = height;
    this.#lines = lines.map((line) => ({ ...line }));
    this.#past = [];
    this.#going = "";
    this.changed();
  }

  /** Begin a step, which undo takes back as a whole; one of the same name goes on. */
  step(name = "") {
    if (name && name === this.#going) return;
    this.#past.push(JSON.stringify(this.#lines));
    this.#going = name;
  }

  /** Whether a step has changed anything. */
  get canUndo() {
    const now = JSON.stringify(this.#lines);
    return this.#past.some((before) => before !== now);
  }

  /** Take back the last step that changed something. */
  undo() {
    const now = JSON.stringify(this.#lines);
    while (this.#past.at(-1) === now) this.#past.pop();
    if (this.#past.length) this.#lines = JSON.parse(this.#past.pop());
    this.#going = "";
    this.changed();
  }

  /** Add a line and return its place in the list; -1 where there are enough. */
  add(frame, from, to) {
    if (this.isFull) return -1;
    this.#lines.push({ frame, ...this.#end(1, from), ...this.#end(2, to) });
    this.changed();
    return this.#lines.length - 1;
  }

  /** Move the start (1) or the end (2) of a line. */
  move(index, end, to) {
    Object.assign(this.#lines[index], this.#end(end, to));
    this.changed();
  }

  remove(index) {
    this.#lines.splice(index, 1);
    this.changed();
  }

  length(index) {
    const { x1, y1, x2, y2 } = this.#lines[index];
    return Math.hypot(x2 - x1, y2 - y1);
  }

  /** The lines to send, without empty ones. */
  get sent() {
    return this.#lines.filter((_, i) => this.length(i) > 0);
  }

  #end(end, { x, y }) {
    const within = (value, side) => Math.round(100 * Math.min(side - 0.5, Math.max(-0.5, value))) / 100;
    return { [`x${end}`]: within(x, this.width), [`y${end}`]: within(y, this.height) };
  }
}
