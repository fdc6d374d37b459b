// From numbers to grey, 0…1: the same curves as ml/imaging/display.py, for one image. For several frames of one
// channel the limits are shared, so that what changes between frames is the sky and not the stretch.
//
// A stretch is {unit, curve}: unit(number) is 0 at its lower limit and 1 at its upper one, and may lie beyond;
// curve(0…1) is the grey. In between, black and white move the limits, in parts of their distance.

const SAMPLE_SIDE = 32;
const MAD_TO_SIGMA = 1.4826;
const LOG_RANGE = 30;

function median(numbers) {
  const sorted = Float64Array.from(numbers).sort();
  const last = sorted.length - 1;
  return (sorted[Math.floor(last / 2)] + sorted[Math.ceil(last / 2)]) / 2;
}

/** Round halves to the even neighbour, as numpy and Python do. */
function round(number) {
  const up = Math.round(number);
  return number % 1 === 0.5 && up % 2 ? up - 1 : up;
}

/** Sort the finite pixels of a regular grid; its rows count from the bottom, as in the files. */
function sampled({ images, height, width }) {
  const down = Math.max(1, round(height / SAMPLE_SIDE));
  const across = Math.max(1, round(width / SAMPLE_SIDE));
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

function quantile(sorted, q) {
  return sorted[round((sorted.length - 1) * q)];
}

function straight(level) {
  return level;
}

function between(low, high, curve = straight) {
  return { unit: high > low ? (value) => (value - low) / (high - low) : () => 0.5, curve };
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

/** Return the noise of the sky, whose level is 0 in these numbers. */
function noise(channel) {
  const sigma = MAD_TO_SIGMA * median(sampled(channel).map(Math.abs));
  return sigma > 0 ? sigma : median(channel.images.map((image) => image.scale));
}

/** Return the display range, from 2 sigma below the sky, for a dark sky, and sigma. */
function aboveSky(channel) {
  const sigma = noise(channel);
  return { low: -2 * sigma, high: Math.max(quantile(sampled(channel), 0.999), 10 * sigma), sigma };
}

function asinh(channel) {
  const { low, high, sigma } = aboveSky(channel);
  const bend = 3 * sigma / (high - low);
  return between(low, high, (level) => Math.asinh(level / bend) / Math.asinh(1 / bend));
}

function log(channel) {
  const { low, high } = aboveSky(channel);
  return between(low, high, (level) => Math.log1p(level * LOG_RANGE) / Math.log1p(LOG_RANGE));
}

/** Return how many of the sorted numbers are below `value`, or not above it. */
function count(sorted, value, orEqual) {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle] < value || (orEqual && sorted[middle] === value)) from = middle + 1;
    else to = middle;
  }
  return from;
}

function histogram(channel) {
  const sorted = sampled(channel);
  if (sorted.length < 2) return { unit: () => 0.5, curve: straight };
  const rank = (value) => (count(sorted, value, false) + count(sorted, value, true)) / 2;
  const unit = (value) => Math.min(1, Math.max(0, (rank(value) - 0.5) / (sorted.length - 1)));
  return { unit, curve: straight };
}

/** By name: a function of a channel, {images: [{values, low, high, scale}], height, width}. */
const STRETCHES = {
  zscale, asinh, linear, log, percentile: (channel) => percentile(channel, 0.005, 0.995), histogram,
};

const NARROWEST = 0.01;

/** Return the function number → 0…1 of a channel. */
export function greys(channel, { stretch, black = 0, white = 1 }) {
  const { unit, curve } = STRETCHES[stretch](channel);
  const width = Math.max(white - black, NARROWEST);
  return (value) => curve(Math.min(1, Math.max(0, (unit(value) - black) / width)));
}
