// Turns the frames of a tracklet or a cube: two a second at first, paused by space, and at rest from the beginning
// where motion is not wanted.

export const SPEEDS = [0.5, 1, 2, 3, 4]; // frames a second; at four, two flashes, which WCAG 2.3.1 allows
const FASTEST_CALM = 3;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Return the allowed speed closest to the chosen one. */
export function allowed(speed) {
  return calm.matches ? Math.min(speed, FASTEST_CALM) : speed;
}

export class Blink {
  #timer = null;
  #paused = calm.matches;
  #speed = 2;
  #count = 1;
  #frame = 0;
  #still = false;
  #seen = new Set();

  /** `show(frame, count, paused)` draws a frame. */
  constructor(show) {
    this.show = show;
  }

  get framesSeen() {
    return this.#seen.size;
  }

  get areAllSeen() {
    return this.#seen.size >= this.#count;
  }

  get frame() {
    return this.#frame;
  }

  /** Begin with the first of so many frames; `setStill` sets them going. */
  start(count) {
    this.stop();
    this.#count = count;
    this.#frame = 0;
    this.#seen.clear();
  }

  stop() {
    clearInterval(this.#timer);
    this.#count = 1;
  }

  /** Frames a second; never above three where motion is not wanted. */
  setSpeed(speed) {
    this.#speed = speed;
    this.#run();
  }

  /** Show the frame, and turn on unless all frames are seen at once (`seen`), or their mean. */
  setStill(still, seen = false) {
    this.#still = still;
    if (seen) for (let frame = 0; frame < this.#count; frame += 1) this.#seen.add(frame);
    this.#go(this.#frame);
    this.#run();
  }

  toggle() {
    this.#paused = !this.#paused;
    this.#go(this.#frame);
    this.#run();
  }

  pause() {
    if (!this.#paused) this.toggle();
  }

  step(by) {
    this.turnTo((this.#frame + by + this.#count) % this.#count);
  }

  turnTo(frame) {
    this.#paused = true;
    this.#run();
    this.#go(frame);
  }

  #run() {
    clearInterval(this.#timer);
    if (this.#paused || this.#still || this.#count < 2) return;
    this.#timer = setInterval(() => this.#go((this.#frame + 1) % this.#count), 1000 / allowed(this.#speed));
  }

  #go(frame) {
    this.#frame = frame;
    this.#seen.add(frame);
    this.show(frame, this.#count, this.#paused);
  }
}
