// What the page asks before it takes an answer, each once: the same answer again means that the volunteer is sure.
import { withdraw } from "./notice.js";

const HASTY = gettext("You haven't seen every frame yet. Answer again if you're sure.");

function unwantedLines(count) {
  return interpolate(ngettext(
    "You drew a line, but said no. Answer yes, or no again to leave it out.",
    "You drew %s lines, but said no. Answer yes, or no again to leave them out.", count,
  ), [count]);
}

export class Doubts {
  #hasWarned = false; // on this page, that not every frame was shown yet
  #hasAsked = false; // of this subject, what its lines are for
  #said = "";

  /** `stage` knows which frames were seen, and the lines; `note` is the element that shows messages. */
  constructor(stage, note) {
    this.stage = stage;
    this.note = note;
  }

  /** Take back what was asked of a subject that has gone. */
  forget() {
    withdraw(this.note, this.#said);
    this.#hasAsked = false;
  }

  /** Return what to ask before this answer is taken; an empty text if it has been asked, or nothing is in doubt. */
  about(answer) {
    const doubt = this.#next(answer);
    if (doubt) this.#said = doubt;
    return doubt;
  }

  #next(answer) {
    if (!this.stage.blink.areAllSeen && !this.#hasWarned) {
      this.#hasWarned = true;
      return HASTY;
    }
    const { length } = this.stage.marks.sent;
    if (answer !== "no" || !length || this.#hasAsked) return "";
    this.#hasAsked = true;
    return unwantedLines(length);
  }
}
