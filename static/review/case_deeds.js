// What was done here to cases by one press: held, assigned, or a second opinion asked for. Each can be undone, newest first.
import { whole } from "./far_pages.js";
import { unfold } from "./folds.js";

const UNDO = { hold: "[data-hold]", assign: "[data-unassign]", second: "[data-unask]" }; // the button that undoes it
const BUSY = ":has(.htmx-request, .htmx-swapping, .htmx-settling)";

const deeds = []; // each with its row's id, what was done, and how many verdicts had been given; the newest last
const waiting = new Set(); // deeds to undo as soon as the server has answered them
let isUndoing = false;

/** Remember a press of one of the buttons, after so many verdicts. */
export function rememberCase(target, verdicts) {
  const what = Object.keys(UNDO).find((name) => target.closest(`[data-panel] [data-${name}]`));
  if (what && !isUndoing) deeds.push({ id: target.closest("[data-row]").id, what, verdicts });
}

/** Forget the row's newest deed, which the server refused. */
export function forgetCase(row) {
  const place = deeds.findLastIndex(({ id }) => id === row.id);
  if (place >= 0) waiting.delete(deeds.splice(place, 1)[0]);
}

/** Undo the newest deed if no verdict was given after it, and return its row. */
export function undoCase(verdicts) {
  while (deeds.length && deeds.at(-1).verdicts >= verdicts) {
    const deed = deeds.pop();
    const row = whole(document.getElementById(deed.id));
    if (row?.matches(BUSY)) waiting.add(deed);
    if (row && (waiting.has(deed) || press(row, deed))) return row;
  }
  return null;
}

/** Undo what was to be undone in a row whose answer has arrived. */
export function undoWaiting(row) {
  for (const deed of waiting) {
    if (deed.id !== row.id) continue;
    waiting.delete(deed);
    press(row, deed);
  }
}

function press(row, { what }) {
  unfold(row);
  const button = row.querySelector(UNDO[what]);
  isUndoing = true;
  button?.click();
  isUndoing = false;
  return button !== null;
}
