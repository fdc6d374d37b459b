// A subject for display: its picture, the WCS of its frames, its motion, and the panes of a layout.
import { displacements, skyDisplacements, stack } from "./image_registration.js";
import { Sky } from "./sky.js";

const MOST_IN_STRIP = 24;
const NOWHERE = [0, 0];
const MINUTES = 24 * 60;

function range(count) {
  return Array.from({ length: count }, (_, i) => i);
}

export class Scene {
  #stack = null;

  constructor(picture, subject) {
    this.picture = picture;
    this.subject = subject;
    const planes = picture.planes !== null; // of one exposure, which has one place on the sky
    this.at = (frame) => (planes ? 0 : frame);
    this.skies = range(picture.frames).map((frame) => (subject.sky?.[this.at(frame)] ? new Sky(subject.sky[this.at(frame)]) : null));
    this.displaced = displacements(subject, this.skies);
    this.shifts = { follow: this.displaced, sky: skyDisplacements(this.skies, picture.width, picture.height) };
  }

  /** The layout possible for this subject: a single frame neither blinks nor moves. */
  layout(wished) {
    const { frames } = this.picture;
    if (frames < 2) return "blink";
    return this.offers(wished) ? wished : "blink";
  }

  offers(layout) {
    return this.lacks(layout) === "";
  }

  /** Return why a layout is not possible for this subject; empty if it is. */
  lacks(layout) {
    if (layout === "follow" && !this.shifts.follow) {
      return gettext("Follow needs every frame's time and place on the sky, and the object's motion.");
    }
    if (layout === "sky" && !this.shifts.sky) {
      return gettext("Fixed sky needs frames with different places on the sky.");
    }
    if (layout === "stack" && this.picture.apart) return gettext("Stack needs frames of the same kind.");
    if (layout === "strip" && this.picture.frames > MOST_IN_STRIP) {
      return interpolate(gettext("Strip shows at most %s frames."), [MOST_IN_STRIP]);
    }
    return "";
  }

  /** Return what each pane shows: {frame, channel, turns, shifts}; the stack has no frame. */
  contents(layout, channels, turnedTo) {
    const turns = layout === "blink" || layout in this.shifts;
    const still = layout === "strip" ? range(this.picture.frames) : [null];
    const frames = turns ? [turnedTo] : still;
    return channels.flatMap((channel) => frames.map((frame) => (
      { frame, channel, turns, shifts: this.shifts[layout] }
    )));
  }

  pictureOf(pane) {
    if (pane.frame !== null) return this.picture;
    this.#stack ??= stack(this.picture, this.displaced);
    return this.#stack;
  }

  sky(pane) {
    return this.skies[pane.frame ?? 0];
  }

  /** By how many pixels a pane's picture is shifted, right and down. */
  shift(pane) {
    return pane.shifts?.[pane.frame] ?? NOWHERE;
  }

  /** Whether a pane shows something that was marked in one frame, or in all of them; the stack shows all. */
  shows(pane, { frame, is_in_all: isInAll }) {
    return isInAll || pane.frame === null || pane.frame === frame;
  }

  /** Whether a pane hints at a line of another frame: in a cube the stars stay, and the trail goes on where it was. */
  hints(pane, { frame }) {
    return this.subject.kind === "cube" && pane.frame !== null && pane.frame !== frame;
  }

  /** Return a frame's name in the list of lines; empty if there is no other. */
  nameOf(frame) {
    if (this.picture.frames < 2) return "";
    return this.picture.planes?.[frame] ?? interpolate(gettext("frame %s"), [frame + 1]);
  }

  /** By how many pixels a place that was marked in a frame is shifted in a pane: the stack has moved each frame. */
  shiftOf(pane, frame) {
    return pane.frame === null ? this.displaced?.[frame] ?? NOWHERE : this.shift(pane);
  }

  /** Return the object's position from the upper left corner; null if it is unknown or outside the picture. */
  target(pane) {
    const { width, height } = this.picture;
    const position = this.subject.positions?.[this.at(pane.frame)];
    const at = position && this.skies[pane.frame]?.pixel(...position);
    if (at) {
      const place = this.fromPixel({ x: at[0], y: at[1] });
      return place.x >= 0 && place.y >= 0 && place.x <= width && place.y <= height ? place : null;
    }
    return this.subject.kind === "cutout" ? null : { x: width / 2, y: height / 2 };
  }

  /** Convert file pixels (0 at the centre of the lower left one) to pixels from the picture's upper left corner. */
  fromPixel({ x, y }) {
    return { x: x + 0.5, y: this.picture.height - y - 0.5 };
  }

  toPixel({ x, y }) {
    return { x: x - 0.5, y: this.picture.height - y - 0.5 };
  }

  /** Return the time of a frame, in minutes after the first. */
  when(frame) {
    const [first, time] = [this.subject.mjds?.[0], this.subject.mjds?.[frame]];
    if (this.picture.planes || first == null || time == null) return "";
    const minutes = (time - first) * MINUTES;
    return interpolate(gettext("+%s min"), [minutes.toFixed(Math.abs(minutes) < 100 ? 1 : 0)]);
  }
}
