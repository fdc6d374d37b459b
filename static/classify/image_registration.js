// Image registration on a moving target or on the sky: a straight line is fitted to a mover's positions, or drawn by its
// rate and angle, and each frame is shifted so that the place on that line stands still. Frames are shifted, not turned:
// their north must point the same way.
import { Picture } from "./picture.js";
import { fromPlane, toPlane } from "./sky.js";

const SAME = 0.25; // pixels

function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

/** Fit values = a + b · times by least squares; return the line as a function of time. */
function line(times, values) {
  const [time, value] = [mean(times), mean(values)];
  const spread = times.reduce((sum, each) => sum + (each - time) ** 2, 0);
  const slope = times.reduce((sum, each, i) => sum + (each - time) * (values[i] - value), 0) / spread;
  return (when) => value + slope * (when - time);
}

/** Return the position (ra, dec) as a function of MJD, fitted to positions; null without two at different times. */
function fitted({ mjds, positions }) {
  const known = positions.flatMap((position, i) => (position && mjds[i] != null ? [i] : []));
  const times = known.map((i) => mjds[i]);
  if (new Set(times).size < 2) return null;
  const centre = { ra: positions[known[0]][0], dec: positions[known[0]][1] };
  const flat = known.map((i) => toPlane(centre, ...positions[i]));
  if (flat.includes(null)) return null;
  const east = line(times, flat.map(([x]) => x));
  const north = line(times, flat.map(([, y]) => y));
  return (mjd) => fromPlane(centre, [east(mjd), north(mjd)]);
}

/** Return the position as a function of MJD, from the rate (arcsec/h) and the position angle (deg, "pa") that came along. */
function fromRate({ mjds, ra, dec, rate, metadata }) {
  const angle = Number.parseFloat(metadata?.pa) * Math.PI / 180;
  if (ra == null || dec == null || rate == null || Number.isNaN(angle)) return null;
  const moved = (mjd) => rate * 24 * (mjd - mjds[0]) / 3600;
  return (mjd) => fromPlane({ ra, dec }, [moved(mjd) * Math.sin(angle), moved(mjd) * Math.cos(angle)]);
}

/**
 * Return by how many pixels, right and down, the mover is displaced in each frame against its mean place; null where
 * the frames' times, positions or places on the sky do not tell. `skies` are Sky or null, by frame.
 */
export function displacements(subject, skies) {
  const { mjds } = subject;
  if (skies.length < 2 || skies.includes(null) || mjds.includes(null) || mjds.length !== skies.length) return null;
  const at = fitted(subject) ?? fromRate(subject);
  const places = at && skies.map((sky, frame) => sky.pixel(...at(mjds[frame])));
  if (!places || places.includes(null)) return null;
  const [x, y] = [mean(places.map((place) => place[0])), mean(places.map((place) => place[1]))];
  return places.map((place) => [place[0] - x, y - place[1]]);
}

/**
 * Return by how many pixels, right and down, a fixed place of the sky is displaced in each frame; null where a frame has no
 * place on the sky, or where frames share one, so that there is nothing to align.
 */
export function skyDisplacements(skies, width, height) {
  if (skies.length < 2 || skies.includes(null)) return null;
  const centre = skies[0].position((width - 1) / 2, (height - 1) / 2);
  const places = skies.map((sky) => sky.pixel(...centre));
  if (places.includes(null)) return null;
  const [x, y] = [mean(places.map((place) => place[0])), mean(places.map((place) => place[1]))];
  const moved = places.map((place) => [place[0] - x, y - place[1]]);
  return moved.some(([right, down]) => Math.hypot(right, down) > SAME) ? moved : null;
}

/** Return the value between pixels, by bilinear interpolation over known ones. */
function sample({ values }, width, height, x, y) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  let [sum, weights] = [0, 0];
  for (let row = top; row <= top + 1; row += 1) {
    for (let column = left; column <= left + 1; column += 1) {
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      const value = values[row * width + column];
      const weight = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
      if (weight === 0 || Number.isNaN(value)) continue;
      sum += weight * value;
      weights += weight;
    }
  }
  return weights >= 0.5 ? sum / weights : NaN;
}

function stackImages(images, shifts, width, height) {
  const values = new Float32Array(width * height);
  for (let i = 0; i < values.length; i += 1) {
    let [sum, count] = [0, 0];
    images.forEach((image, frame) => {
      const value = sample(image, width, height, i % width + shifts[frame][0], Math.floor(i / width) + shifts[frame][1]);
      if (!Number.isNaN(value)) { sum += value; count += 1; }
    });
    values[i] = count ? sum / count : NaN;
  }
  return values;
}

/** Return the mean of the frames as one frame; a pixel missing in all frames stays missing. */
export function stack(picture, displaced) {
  const { frames, channels, width, height } = picture;
  const shifts = displaced ?? Array.from({ length: frames }, () => [0, 0]);
  const calmer = Math.sqrt(frames); // the noise of a mean
  const images = Array.from({ length: channels }, (_, channel) => {
    const each = shifts.map((_, frame) => picture.image(frame, channel));
    return {
      values: stackImages(each, shifts, width, height),
      low: mean(each.map((image) => image.low)) / calmer,
      high: mean(each.map((image) => image.high)) / calmer,
      scale: mean(each.map((image) => image.scale)) / calmer,
      zero: mean(each.map((image) => image.zero)),
    };
  });
  return new Picture({ frames: 1, channels, width, height, images });
}
