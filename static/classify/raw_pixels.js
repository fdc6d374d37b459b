// Fetches a subject's raw numbers: one immutable file, so that the browser may keep it for good.
// uint32 length, JSON of that length (shape, and zero, scale, low, high of each image), then halves, image by image.
import { fromHalves } from "./float16.js";
import { Picture } from "./picture.js";
import { arranged } from "./planes.js";

/** Undo the packing of an image, except for its sky level: that stays out, so that frames compare. */
function unpack(numbers, scale) {
  return numbers.map((number) => number * scale);
}

/** Return the picture in a response; `names` are those of its channels. */
function decode(buffer, names) {
  const length = new DataView(buffer).getUint32(0, true);
  const meta = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const { frames, channels, height, width } = meta;
  const numbers = fromHalves(buffer.slice(4 + length));
  const size = height * width;
  const images = meta.scale.map((scale, i) => ({
    values: unpack(numbers.subarray(i * size, (i + 1) * size), scale),
    low: meta.low[i] * scale,
    high: meta.high[i] * scale,
    scale,
    zero: meta.zero[i],
  }));
  return new Picture({ height, width, ...arranged({ frames, channels, images }, names) });
}

export async function fetchPicture(subject, names) {
  const response = await fetch(subject.pixels, { credentials: "same-origin" });
  if (!response.ok) throw new Error(interpolate(gettext("%(name)s failed to load (%(status)s)."), { name: subject.external_id, status: response.status }, true));
  return decode(await response.arrayBuffer(), names);
}
