// The picture of an answered subject: the frame with its object, and a ring around it once its place is known.
import { clearestFrame } from "./clearest.js";

const RING = [["#000", 2], ["#ffd166", 1]]; // colours, and widths in units of the line's

/** Return the place of a known object in a frame, from the upper left corner; null where it is outside. */
function placeOf({ circle }, picture, frame) {
  const [x, y] = circle[picture.planes ? 0 : frame] ?? [];
  const place = { x: x + 0.5, y: picture.height - y - 0.5 };
  const isInside = place.x >= 0 && place.y >= 0 && place.x <= picture.width && place.y <= picture.height;
  return isInside ? place : null; // also where it is NaN
}

function ring(canvas, { x, y }, radius, line) {
  const context = canvas.getContext("2d");
  for (const [colour, width] of RING) {
    context.beginPath();
    context.arc(x, y, Math.max(radius, canvas.width / 12), 0, 2 * Math.PI);
    Object.assign(context, { strokeStyle: colour, lineWidth: line * width });
    context.stroke();
  }
}

/** Draw one frame of an answered subject. */
export function drawFrame(canvas, picture, look, frame) {
  picture.draw(canvas, { ...look, frame, channel: 0 });
  canvas.dataset.frame = frame;
  delete canvas.dataset.circled;
}

/** Draw each pixel as a square of so many, so that a ring is not as coarse as the picture. */
function enlarge(canvas, times) {
  if (times === 1) return;
  const { width, height } = canvas;
  const pixels = Object.assign(document.createElement("canvas"), { width, height });
  pixels.getContext("2d").drawImage(canvas, 0, 0);
  Object.assign(canvas, { width: width * times, height: height * times });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(pixels, 0, 0, canvas.width, canvas.height);
}

/** Draw a frame of a known object, enlarged, and circle it with a line of this width in the picture's pixels. */
export function drawCircled(canvas, picture, look, feedback, line, frame, times = 1) {
  drawFrame(canvas, picture, look, frame);
  const place = placeOf(feedback, picture, frame);
  if (!place) return;
  enlarge(canvas, times);
  ring(canvas, { x: place.x * times, y: place.y * times }, feedback.radius * times, line * times);
  canvas.dataset.circled = feedback.circle[picture.planes ? 0 : frame].join(" ");
}

/** Draw the frame in which the known object stands out, and circle it. */
export function drawKnown(canvas, picture, look, feedback, line) {
  drawCircled(canvas, picture, look, feedback, line, clearestKnown(picture, feedback));
}

export function clearestKnown(picture, feedback) {
  return clearestFrame(picture, (frame) => placeOf(feedback, picture, frame), feedback.radius);
}
