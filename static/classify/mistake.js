// A wrong answer to a practice image stops the work once: a large picture, a ring around the object, and one sentence.
import { drawKnown } from "./thumbnail.js";

export class Mistake {
  /** `parts` are the dialog's elements; `closed()` is called when the volunteer goes on. */
  constructor({ dialog, picture, truth, reason, ok }, closed) {
    Object.assign(this, { dialog, picture, truth, reason });
    ok.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", closed);
  }

  show(picture, look, feedback, sentence) {
    drawKnown(this.picture, picture, look, feedback, picture.width / 150);
    this.truth.textContent = sentence;
    this.reason.textContent = feedback.reason;
    this.dialog.showModal();
  }
}
