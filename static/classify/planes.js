// Prepares decoded images for display. The channels of a single frame (dithers, or images of different kinds) become planes
// that blink like frames; frames and dithers are matched in noise, so that only the sky changes when they turn.

const SAMPLES = 1000;
const SETS_OFF = 8; // noise further apart than this is no noise: a frame without sky

function median(numbers) {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1];
}

/** Return the noise of an image whose sky level is 0, from a sample of its pixels; 0 if it has none. */
export function noiseOf({ values }) {
  const step = Math.max(1, Math.floor(values.length / SAMPLES));
  const sample = [];
  for (let i = 0; i < values.length; i += step) if (!Number.isNaN(values[i])) sample.push(Math.abs(values[i]));
  return sample.length ? 1.4826 * median(sample) : 0;
}

/** Scale images of one kind to their median noise; `gain` leads back to the measured numbers. */
function matched(images) {
  const noises = images.map(noiseOf);
  const usual = median(noises.filter((noise) => noise > 0));
  return images.map((image, i) => {
    const gain = usual / noises[i];
    if (!(gain > 1 / SETS_OFF && gain < SETS_OFF)) return image;
    const { values, low, high, scale } = image;
    return { ...image, values: values.map((value) => value * gain), low: low * gain, high: high * gain, scale: scale * gain, gain };
  });
}

/** Whether the channels are exposures of one kind: "dither 1", "dither 2". */
function areAlike(names) {
  return names.every((name) => /\d/.test(name)) && new Set(names.map((name) => name.replace(/\d+/g, ""))).size === 1;
}

/** Return the display's {frames, channels, images, planes, apart}: `planes` names them, `apart` gives each its own stretch. */
export function arranged({ frames, channels, images }, names) {
  if (frames === 1 && channels > 1) {
    const planes = images.map((_, i) => names[i] ?? interpolate(gettext("channel %s"), [i + 1]));
    const apart = !areAlike(planes) || planes.length !== names.length;
    return { frames: channels, channels: 1, images: apart ? images : matched(images), planes, apart };
  }
  if (frames === 1) return { frames, channels, images };
  const byChannel = Array.from({ length: channels }, (_, channel) => matched(images.filter((_each, i) => i % channels === channel)));
  return { frames, channels, images: images.map((_, i) => byChannel[i % channels][Math.floor(i / channels)]) };
}
