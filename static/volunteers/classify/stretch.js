// From numbers to grey, 0…1: the same curves as ml/pixels/stretch.py, for one image. For several frames of one
// channel the limits are shared, so that what changes between frames is the sky and not the stretch.

const SAMPLE_SIDE = 32;
const SOFT = 0.1;
const LOG_RANGE = 1000;

function median(numbers) {
  const sorted = Float64Array.from(numbers).sort();
  const last = sorted.length - 1;
  return (sorted[Math.floor(last / 2)] + sorted[Math.ceil(last / 2)]) / 2;
}

/** Sort the finite pixels of a regular grid; its rows count from the bottom, as in the files. */
function sampled({ images, height, width }) {
  const down = Math.max(1, Math.floor(height / SAMPLE_SIDE));
  const across = Math.max(1, Math.floor(width / SAMPLE_SIDE));
  const values = [];
  for (const { values: plane } of images) {
    for (let row = height - 1; row >= 0; row -= down) {
      for (let column = 0; column < width; column += across) {
        const value = plane[row * width + column];
        if (Number.isFinite(value)) values.push(value);
      }
    }
  }
  return Float32Array.from(values).sort();
}

function quantile(sorted, share) {
  return sorted[Math.round((sorted.length - 1) * share)];
}

function between(low, high) {
  return high > low ? (value) => Math.min(1, Math.max(0, (value - low) / (high - low))) : () => 0.5;
}

function percentile(channel, low, high) {
  const sorted = sampled(channel);
  return between(quantile(sorted, low), quantile(sorted, high));
}

function zscale({ images }) {
  return between(median(images.map((image) => image.low)), median(images.map((image) => image.high)));
}

function linear({ images }) {
  let low = Infinity;
  let high = -Infinity;
  for (const { values } of images) {
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return between(low, high);
}

function asinh(channel) {
  const unit = percentile(channel, 0.005, 0.999);
  return (value) => Math.asinh(unit(value) / SOFT) / Math.asinh(1 / SOFT);
}

function log(channel) {
  const unit = percentile(channel, 0.005, 0.999);
  return (value) => Math.log1p(unit(value) * LOG_RANGE) / Math.log1p(LOG_RANGE);
}

/** By name: a function of a channel ({images: [{values, low, high}], height, width}) that returns number → 0…1. */
export const STRETCHES = { zscale, asinh, linear, log, percentile: (channel) => percentile(channel, 0.005, 0.995) };
