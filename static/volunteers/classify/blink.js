// Turns the frames of a tracklet: two a second, paused by space, and at first where motion is not wanted.

const FRAMES_PER_SECOND = 2;

export class Blink {
  #timer = null;
  #paused = matchMedia("(prefers-reduced-motion: reduce)").matches;
  #count = 1;
  #frame = 0;
  #seen = new Set();

  /** `show(frame, count, paused)` draws a frame. */
  constructor(show) {
    this.show = show;
  }

  get framesSeen() {
    return this.#seen.size;
  }

  start(count) {
    this.#count = count;
    this.#seen.clear();
    this.#go(0);
    this.#run();
  }

  stop() {
    clearInterval(this.#timer);
  }

  toggle() {
    this.#paused = !this.#paused;
    this.#go(this.#frame);
    this.#run();
  }

  step(by) {
    this.#paused = true;
    this.#run();
    this.#go((this.#frame + by + this.#count) % this.#count);
  }

  #run() {
    clearInterval(this.#timer);
    if (this.#paused || this.#count < 2) return;
    this.#timer = setInterval(() => this.#go((this.#frame + 1) % this.#count), 1000 / FRAMES_PER_SECOND);
  }

  #go(frame) {
    this.#frame = frame;
    this.#seen.add(frame);
    this.show(frame, this.#count, this.#paused);
  }
}
