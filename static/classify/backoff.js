// How long to wait before asking a server again that does not answer: 1 s, then twice as long each time, up to 30 s.
const FIRST = 1000;
const LONGEST = 30000;

export class Backoff {
  #wait = FIRST;

  /** Return the next wait in milliseconds. */
  next() {
    const wait = this.#wait;
    this.#wait = Math.min(2 * wait, LONGEST);
    return wait;
  }

  reset() {
    this.#wait = FIRST;
  }
}
