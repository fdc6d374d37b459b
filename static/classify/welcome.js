// The box for newcomers, in the place of the last answer: whoever has finished the tutorial in this browser needs it no more.
const KEPT_AS = "wanderers.tutorials";

function finished() {
  try {
    return JSON.parse(localStorage.getItem(KEPT_AS)) ?? [];
  } catch {
    return [];
  }
}

function remove() {
  document.querySelector('[data-part="welcome"]')?.remove();
}

/** Remove the box if `reader`, a person in a workflow, has finished the tutorial. */
export function welcome(reader) {
  if (finished().includes(reader)) remove();
}

/** Remember that `reader` has finished the tutorial, and go on with the question. */
export function goOn(reader) {
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify([...new Set([...finished(), reader])]));
  } catch { /* a private window forgets it */ }
  remove();
  document.getElementById("question").focus();
}
