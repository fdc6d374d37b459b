// The next subjects, leased and with prefetched pixels.

const AHEAD = 10;
const REFILL_BELOW = 6;
const MOST = 50; // maximum number of leases

export class Queue {
  #waiting = [];
  #seen = new Set();
  #filling = null;
  #leftOut = [];

  /**
   * `next(n)` leases subjects, those that are held already first; `load(subject)` resolves with the subject's picture;
   * `unsent()` tells how many are answered but still held, since the server does not know.
   */
  constructor(next, load, unsent) {
    this.next = next;
    this.load = load;
    this.unsent = unsent;
    this.progress = null;
    this.message = "";
  }

  get leftOut() {
    return this.#leftOut.length;
  }

  /** Never show a subject again: its answer is being sent. */
  skip(subjectId) {
    this.#seen.add(subjectId);
    this.#waiting = this.#waiting.filter(({ item }) => item.subject.id !== subjectId);
  }

  /** Resolve with the next {item, picture}, or null when nothing is left for this volunteer. */
  async take() {
    if (!this.#waiting.length) await this.#fill();
    const entry = this.#waiting.shift() ?? null;
    if (this.#waiting.length < REFILL_BELOW) this.#fill().catch(() => { /* the next take asks again, and tells */ });
    return entry;
  }

  putBack(entry) {
    this.#waiting.unshift(entry);
  }

  retry(entry) {
    entry.picture = this.#picture(entry.item.subject);
  }

  /** Skip a subject whose picture does not load; it stays leased. */
  leaveOut(entry) {
    this.#leftOut.push(entry);
  }

  /** Retry all skipped subjects. */
  bringBack() {
    for (const entry of this.#leftOut) this.retry(entry);
    this.#waiting.push(...this.#leftOut.splice(0));
  }

  #fill() {
    this.#filling ??= this.#ask().finally(() => { this.#filling = null; });
    return this.#filling;
  }

  async #ask() {
    const reply = await this.next(Math.min(AHEAD + this.leftOut + this.unsent(), MOST));
    this.message = reply.message;
    // The page counts its own answers from the first reply on: later replies count some of them too.
    this.progress = { ...reply.progress, answered: this.progress?.answered ?? reply.progress.answered };
    for (const item of reply.items) {
      if (this.#seen.has(item.subject.id)) continue;
      this.#seen.add(item.subject.id);
      this.#waiting.push({ item, picture: this.#picture(item.subject) });
    }
  }

  #picture(subject) {
    const picture = this.load(subject);
    picture.catch(() => { /* told when the subject is shown */ });
    return picture;
  }
}
