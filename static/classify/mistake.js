// A wrong answer to a practice image stops the work once: its frames, a ring around the object, and one sentence.
import { clearestKnown, drawCircled } from "./thumbnail.js";

const SIDE = 600; // pixels of all columns together, at least
const MOST_FRAMES = 24; // with more, only the one that shows the object best

function framesOf(picture, feedback) {
  if (picture.frames > MOST_FRAMES) return [clearestKnown(picture, feedback)];
  return Array.from({ length: picture.frames }, (_, frame) => frame);
}

export class Mistake {
  /** `parts` are the dialog's elements; `closed()` is called when the volunteer goes on. */
  constructor({ dialog, pictures, truth, reason, ok }, closed) {
    Object.assign(this, { dialog, pictures, truth, reason });
    ok.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", closed);
  }

  show(picture, look, feedback, sentence) {
    const frames = framesOf(picture, feedback);
    const columns = Math.ceil(Math.sqrt(frames.length));
    this.pictures.style.setProperty("--columns", columns);
    this.pictures.style.setProperty("--rows", Math.ceil(frames.length / columns));
    const times = Math.ceil(SIDE / columns / picture.width);
    this.pictures.replaceChildren(...frames.map((frame) => {
      const canvas = document.createElement("canvas");
      drawCircled(canvas, picture, look, feedback, columns * picture.width / 150, frame, times);
      return canvas;
    }));
    this.truth.textContent = sentence;
    this.reason.textContent = feedback.reason;
    this.dialog.showModal();
  }
}
