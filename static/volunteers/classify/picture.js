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
    this.#fill(image.data, this.images[frame * this.channels + channel].values, this.#grey(channel, stretch), inverted);
    context.putImageData(image, 0, 0);
  }

  #fill(data, values, grey, inverted) {
    data.fill(255);
    for (let i = 0; i < values.length; i += 1) {
      if (Number.isNaN(values[i])) {
        data.set(this.#hatch(i), 4 * i);
      } else {
        const level = grey(values[i]);
        const shade = Math.floor(255 * (inverted ? 1 - level : level) + 0.5);
        data[4 * i] = shade;
        data[4 * i + 1] = shade;
        data[4 * i + 2] = shade;
      }
    }
  }

  #hatch(i) {
    return HATCH[(i % this.width + Math.floor(i / this.width)) % 4 < 2 ? 0 : 1];
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
