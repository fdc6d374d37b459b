// The note on answers that wait in this browser, and the way to send them.
import { Unknown } from "./api.js";
import { waitingSentence } from "./replies.js";

export class Waiting {
  /** `parts` are the note's elements; `others` says whose answers wait besides, for somebody who is signed out. */
  constructor(parts, others) {
    Object.assign(this, { parts, others });
    this.show(0, null);
  }

  /** Count one's own answers, which wait because of the error `why`. */
  show(count, why) {
    const own = count ? waitingSentence(count, why) : "";
    const { waiting, words, "sign-in": signIn } = this.parts;
    waiting.hidden = !own && !this.others;
    words.textContent = `${own} ${this.others}`.trim();
    signIn.hidden = !(why instanceof Unknown) && !this.others;
  }
}
