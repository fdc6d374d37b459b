// A subject's raw numbers, and how they become grey on a canvas. Pixels without a number are hatched, never grey.
import { STRETCHES } from "./stretch.js";

const HATCH = [[146, 60, 118], [72, 30, 60]];

export class Picture {
  #greys = new Map();

  /**
   * `images` are {values, low, high, scale}, frame by frame and channel by channel within a frame: `values` row by
   * row from the top, less the image's sky level, NaN where masked; `low` and `high` what zscale draws black and
   * white; `scale` the noise of the sky.
   */
  constructor({ frames, channels, height, width, images }) {
    Object.assign(this, { frames, channels, height, width, images });
    this.hasHoles = images.some(({ values }) => values.some(Number.isNaN));
  }

  draw(canvas, { frame, channel, stretch, inverted }) {
    const { width, height } = this;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    const grey = this.#grey(channel, stretch);
    this.images[frame * this.channels + channel].values.forEach((value, i) => {
      image.data.set(Number.isNaN(value) ? this.#hatch(i) : this.#shade(grey(value), inverted), 4 * i);
    });
    context.putImageData(image, 0, 0);
  }

  #shade(level, inverted) {
    const shade = Math.floor(255 * (inverted ? 1 - level : level) + 0.5);
    return [shade, shade, shade, 255];
  }

  #hatch(i) {
    const [red, green, blue] = HATCH[(i % this.width + Math.floor(i / this.width)) % 4 < 2 ? 0 : 1];
    return [red, green, blue, 255];
  }

  /** Return the function number → 0…1 of one channel. */
  #grey(channel, stretch) {
    const key = `${channel} ${stretch}`;
    if (!this.#greys.has(key)) {
      const images = this.images.filter((_, i) => i % this.channels === channel);
      this.#greys.set(key, STRETCHES[stretch]({ ...this, images }));
    }
    return this.#greys.get(key);
  }
}
