// Undo before the answer is given: it takes back the last step with lines, so long as there is one.

/** Return the label of the undo shortcut, by what can be undone. */
export function undoLabel({ undo_seconds: seconds }) {
  return seconds ? interpolate(gettext("Undo, for %s seconds"), [seconds]) : gettext("Undo");
}

export class LineUndo {
  /** `isOpen()` tells whether the lines are those of a subject that takes an answer. */
  constructor(stage, isOpen, say) {
    Object.assign(this, { stage, isOpen, say });
  }

  get isDue() {
    return this.isOpen() && this.stage.marks.canUndo;
  }

  /** Call back after each change of the lines. */
  listen(changed) {
    this.stage.root.addEventListener("lines", changed);
  }

  /** Take back a step, if there is one, and let go of what is being drawn; return whether there was. */
  take() {
    const { isDue } = this;
    if (isDue) {
      this.stage.gestures.release();
      this.stage.marks.undo();
      this.say(gettext("The last change to your lines is undone."));
    }
    return isDue;
  }
}
