// Pixels on the sky, by the gnomonic projection that the server sends with each frame. Pixels count from 0 at the
// centre of the lower left one, and y grows upwards, as in the files.

const DEGREE = Math.PI / 180;

function inverse([[a, b], [c, d]]) {
  const size = a * d - b * c;
  return [[d / size, -b / size], [-c / size, a / size]];
}

function times([[a, b], [c, d]], [x, y]) {
  return [a * x + b * y, c * x + d * y];
}

/** Project a position onto the tangent plane at (ra, dec): degrees east and north. */
export function toPlane(centre, ra, dec) {
  const turn = (ra - centre.ra) * DEGREE;
  const [up, middle] = [dec * DEGREE, centre.dec * DEGREE];
  const depth = Math.sin(middle) * Math.sin(up) + Math.cos(middle) * Math.cos(up) * Math.cos(turn);
  if (depth <= 0) return null; // behind the plane
  const east = Math.cos(up) * Math.sin(turn) / depth;
  const north = (Math.cos(middle) * Math.sin(up) - Math.sin(middle) * Math.cos(up) * Math.cos(turn)) / depth;
  return [east / DEGREE, north / DEGREE];
}

/** Convert from the plane to right ascension (0 to 360) and declination. */
export function fromPlane(centre, [east, north]) {
  const [x, y] = [east * DEGREE, north * DEGREE];
  const middle = centre.dec * DEGREE;
  const depth = Math.cos(middle) - y * Math.sin(middle);
  const turn = Math.atan2(x, depth);
  const dec = Math.atan2(Math.cos(turn) * (y * Math.cos(middle) + Math.sin(middle)), depth);
  return [(centre.ra + turn / DEGREE + 360) % 360, dec / DEGREE];
}

export class Sky {
  /** `plane` is {ra, dec, x, y, cd} of a frame. */
  constructor(plane) {
    this.plane = plane;
    this.back = inverse(plane.cd);
    const [[a, b], [c, d]] = plane.cd;
    this.scale = 3600 * Math.sqrt(Math.abs(a * d - b * c)); // arcsec per pixel
  }

  position(x, y) {
    return fromPlane(this.plane, times(this.plane.cd, [x - this.plane.x, y - this.plane.y]));
  }

  /** Return the pixel of a position, or null behind the horizon of the plane. */
  pixel(ra, dec) {
    const flat = toPlane(this.plane, ra, dec);
    if (!flat) return null;
    const [x, y] = times(this.back, flat);
    return [x + this.plane.x, y + this.plane.y];
  }

  /** Return the directions of north and east as unit vectors of pixels, y upwards. */
  get directions() {
    return [[0, 1], [1, 0]].map((way) => {
      const [x, y] = times(this.back, way);
      return [x / Math.hypot(x, y), y / Math.hypot(x, y)];
    });
  }
}
