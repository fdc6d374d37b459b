// A subject's raw pixel values, and their rendering on a canvas. Missing pixels are hatched, in colours
// that no colour map contains.
import { colours, pixel } from "./colour.js";
import { greys } from "./stretch.js";

const HATCH = [pixel([146, 60, 118]), pixel([72, 30, 60])];
const KEPT = 8_000_000; // rendered pixels in the cache: 32 MB

export class Picture {
  #greys = new Map();
  #drawn = new Map();
  #look = "";

  /**
   * `images` are {values, low, high, scale, zero}, frame by frame and channel by channel within a frame: `values` row
   * by row from the top, less the image's sky level `zero`, NaN where masked; `low` and `high` what zscale draws black
   * and white; `scale` the noise of the sky; `gain` how much they were multiplied to match other frames. `planes` names
   * frames that are channels of one exposure; `apart` gives each frame its own stretch.
   */
  constructor({ frames, channels, height, width, images, planes = null, apart = false }) {
    Object.assign(this, { frames, channels, height, width, images, planes, apart });
    this.hasHoles = images.some(({ values }) => values.some(Number.isNaN));
  }

  image(frame, channel) {
    return this.images[frame * this.channels + channel];
  }

  /** Return the value at a pixel, counted from the upper left; undefined outside. */
  value(frame, channel, column, row) {
    if (column < 0 || row < 0 || column >= this.width || row >= this.height) return undefined;
    const { values, zero, gain = 1 } = this.image(frame, channel);
    return values[row * this.width + column] / gain + zero;
  }

  draw(canvas, { frame, channel, ...look }) {
    const { width, height } = this;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    canvas.getContext("2d").putImageData(this.#rendered(frame, channel, look), 0, 0);
  }

  /** Render each image once per set of choices; blinking, zooming and panning are then cheap. */
  #rendered(frame, channel, look) {
    const { stretch, black, white, colours: map, inverted } = look;
    const name = JSON.stringify([stretch, black, white, map, inverted]);
    if (name !== this.#look) {
      this.#drawn.clear();
      this.#greys.clear();
      this.#look = name;
    }
    const key = frame * this.channels + channel;
    if (!this.#drawn.has(key)) {
      if (this.#drawn.size * this.width * this.height > KEPT) this.#drawn.clear();
      this.#drawn.set(key, this.#render(this.image(frame, channel).values, this.#grey(this.apart ? frame : channel, look), look));
    }
    return this.#drawn.get(key);
  }

  #render(values, grey, { colours: map = "grey", inverted }) {
    const image = new ImageData(this.width, this.height);
    const pixels = new Uint32Array(image.data.buffer);
    const palette = colours(map);
    for (let i = 0; i < values.length; i += 1) {
      const value = values[i];
      if (Number.isNaN(value)) {
        pixels[i] = this.#hatch(i);
      } else {
        const level = grey(value);
        pixels[i] = palette[Math.floor(255 * (inverted ? 1 - level : level) + 0.5)];
      }
    }
    return image;
  }

  #hatch(i) {
    return HATCH[(i % this.width + Math.floor(i / this.width)) % 4 < 2 ? 0 : 1];
  }

  /** Return the function number → 0…1 of one channel, whose frames share it, or of one plane. */
  #grey(group, look) {
    if (!this.#greys.has(group)) {
      const images = this.images.filter((_, i) => (this.apart ? i : i % this.channels) === group);
      this.#greys.set(group, greys({ ...this, images }, look));
    }
    return this.#greys.get(group);
  }
}
