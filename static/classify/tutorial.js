// The tutorial, one step at a time. Progress is saved immediately, so that it can be continued another day.
import { csrfToken } from "../site/csrf.js";

function note(url, step, finished) {
  const body = new URLSearchParams({ step, finished: finished ? "yes" : "no" });
  const headers = { "X-CSRFToken": csrfToken() };
  // If saving fails, the step is simply shown again another day.
  return fetch(url, { method: "POST", body, headers, credentials: "same-origin", keepalive: true }).catch(() => {});
}

function button(text, className) {
  return Object.assign(document.createElement("button"), { type: "button", className, textContent: text });
}

/** Turn the steps in `root` into pages; the last one closes `dialog` and calls `finish`. */
export function walk(root, dialog, finish) {
  const tutorial = root.querySelector("[data-tutorial]");
  const steps = [...tutorial.querySelectorAll("[data-part-step]")];
  if (!steps.length) return;
  const url = tutorial.dataset.tutorial;
  const back = button(gettext("Back"), "button");
  const next = button("", "button primary");
  const place = Object.assign(document.createElement("p"), { className: "quiet small number" });
  const bar = Object.assign(document.createElement("div"), { className: "actions steps" });
  bar.append(back, next, place);
  tutorial.append(bar);
  let at = Math.min(Number(tutorial.dataset.step), steps.length - 1);

  function turn(to, focus = true) {
    at = to;
    steps.forEach((step, n) => { step.hidden = n !== at; });
    const isLast = at === steps.length - 1;
    back.disabled = at === 0;
    next.textContent = isLast ? gettext("Start classifying") : gettext("Next");
    place.textContent = interpolate(gettext("Step %s of %s"), [at + 1, steps.length]);
    dialog.scrollTop = 0;
    if (focus) steps[at].focus();
  }

  back.addEventListener("click", () => { turn(at - 1); note(url, at, false); });
  next.addEventListener("click", () => {
    if (at < steps.length - 1) {
      turn(at + 1);
      note(url, at, false);
    } else {
      note(url, at, true);
      dialog.close();
      finish();
    }
  });
  turn(at, false);
  next.focus();
}
