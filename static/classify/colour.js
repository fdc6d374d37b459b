// Colour maps: 256 colours from dark to bright. Each is a short table of hues whose lightness grows evenly in OKLab
// (Ottosson 2020), so that equal steps of brightness look equal.

const GREY = "grey";

// Stations from dark to bright: [lightness, chroma, hue in degrees] in OKLCH.
const TABLES = {
  dusk: [[0.15, 0.06, 300], [0.37, 0.13, 272], [0.58, 0.11, 205], [0.76, 0.15, 150], [0.95, 0.16, 108]],
  ember: [[0, 0, 300], [0.25, 0.12, 305], [0.5, 0.19, 365], [0.73, 0.16, 415], [0.98, 0.1, 465]],
  heat: [[0, 0, 25], [0.33, 0.13, 27], [0.62, 0.19, 42], [0.85, 0.15, 85], [1, 0, 105]],
  cool: [[0, 0, 265], [0.33, 0.13, 264], [0.62, 0.15, 245], [0.85, 0.1, 205], [1, 0, 195]],
};

function between(table, level) {
  const place = level * (table.length - 1);
  const left = Math.min(Math.floor(place), table.length - 2);
  const fraction = place - left;
  return table[left].map((value, i) => value + fraction * (table[left + 1][i] - value));
}

function gamma(light) {
  const clipped = Math.min(1, Math.max(0, light));
  return Math.floor(255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055) + 0.5);
}

function toRgb([lightness, chroma, hue]) {
  const a = chroma * Math.cos(hue * Math.PI / 180);
  const b = chroma * Math.sin(hue * Math.PI / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** Return red, green and blue as one opaque pixel of an ImageData, on the little-endian machines that there are. */
export function pixel([red, green, blue]) {
  return (255 << 24 | blue << 16 | green << 8 | red) >>> 0;
}

function build(name) {
  return Uint32Array.from({ length: 256 }, (_, shade) => {
    if (name === GREY) return pixel([shade, shade, shade]); // the stretched value is the grey level
    return pixel(toRgb(between(TABLES[name], shade / 255)));
  });
}

const built = new Map();

export const COLOURS = [GREY, ...Object.keys(TABLES)];

/** Return the 256 pixels of a map, from dark to bright. */
export function colours(name) {
  if (!built.has(name)) built.set(name, build(name));
  return built.get(name);
}
