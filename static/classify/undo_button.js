// The undo button: off while there is nothing to undo, and once the undo time of the newest answer is over.

const LONGEST = 3_600_000; // ms; a timer takes no more than 24 days

let timer = null;

/** Return for how many milliseconds more an answer can be undone. */
export function undoTimeLeft(classification, seconds) {
  return Date.parse(classification.finished_at) + 1000 * seconds - Date.now();
}

/** Switch the button for the newest answer, undefined if there is none, and again when its time is over. */
export function switchUndo(button, newest, seconds) {
  clearTimeout(timer);
  const left = newest ? undoTimeLeft(newest, seconds) : 0;
  button.disabled = left <= 0;
  if (left > 0) timer = setTimeout(() => switchUndo(button, newest, seconds), Math.min(left, LONGEST));
}
