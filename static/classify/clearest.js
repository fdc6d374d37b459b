// Which plane shows the object best: the one with the brightest small box near its place, in units of the noise.
import { noiseOf } from "./planes.js";

const BOX = 1; // pixels each side of the middle one

function boxMean({ values }, width, height, column, row) {
  let [sum, count] = [0, 0];
  for (let y = Math.max(0, row - BOX); y <= Math.min(height - 1, row + BOX); y += 1) {
    for (let x = Math.max(0, column - BOX); x <= Math.min(width - 1, column + BOX); x += 1) {
      const value = values[y * width + x];
      if (!Number.isNaN(value)) { sum += value; count += 1; }
    }
  }
  return count ? sum / count : -Infinity;
}

/** Return the height above the sky of an image near a place (pixels from the upper left), in units of its noise. */
function prominence(image, { width, height }, { x, y }, radius) {
  let best = -Infinity;
  for (let row = Math.max(0, Math.floor(y - radius)); row < Math.min(height, y + radius); row += 1) {
    for (let column = Math.max(0, Math.floor(x - radius)); column < Math.min(width, x + radius); column += 1) {
      best = Math.max(best, boxMean(image, width, height, column, row));
    }
  }
  return best / (noiseOf(image) || 1);
}

/** Return the frame whose object stands out most; `placeIn(frame)` is its place, null where it is outside the picture. */
export function clearestFrame(picture, placeIn, radius) {
  let [chosen, best] = [0, -Infinity];
  for (let frame = 0; frame < picture.frames; frame += 1) {
    const place = placeIn(frame);
    if (!place) continue;
    const height = prominence(picture.image(frame, 0), picture, place, radius);
    if (height > best) [chosen, best] = [frame, height];
  }
  return chosen;
}
