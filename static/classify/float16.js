// Half-precision numbers to single: a table of all 65,536, built once, faster than arithmetic for each pixel.

function single(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const TABLE = Float32Array.from({ length: 0x10000 }, (_, bits) => single(bits));

/** Decode a buffer of little-endian halves. */
export function fromHalves(buffer) {
  const view = new DataView(buffer);
  return Float32Array.from({ length: buffer.byteLength / 2 }, (_, i) => TABLE[view.getUint16(2 * i, true)]);
}
