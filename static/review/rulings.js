// The state of verdicts given here: announced when stored, and undone once stored.
import { forgetCase, rememberCase, undoCase, undoWaiting } from "./case_deeds.js";
import { whole } from "./far_pages.js";
import "./folds.js";

const BUSY = ":has(.htmx-request, .htmx-swapping, .htmx-settling)"; // its request is under way, or its reply is being put in

const status = document.querySelector("[data-status]") ?? document.body.appendChild(
  Object.assign(document.createElement("p"), { className: "visually-hidden", role: "status" }),
);
const ruled = []; // ids of the rows ruled here, the newest last
const undone = new Set(); // ids of the rows whose verdict is being undone
const unwanted = new Map(); // rows to take back as soon as a reply has arrived, by id: whether their verdict was given here

/** Undo the newest change made here, and return its row: a verdict, which brings back what it replaced, or a change of a
 *  case. Without one, withdraw the verdict on `row`. */
export function takeBack(row) {
  const changed = undoCase(ruled.length);
  if (changed) return changed;
  const given = whole(document.getElementById(ruled.pop()));
  const newest = given ?? row;
  if (newest?.matches(BUSY)) unwanted.set(newest.id, given !== null);
  else if (newest && !withdraw(newest, given !== null)) {
    return offerBulkUndo() ? null : noteOn(newest, gettext("Nothing to undo on this page."));
  }
  return newest;
}

/** Lead to the button that undoes the last change of many subjects, if the page has it; too much to undo unasked. */
function offerBulkUndo() {
  const button = document.querySelector("[data-bulk-undo]");
  button?.focus();
  return button !== null;
}

/** Press the row's button, if it has one; to undo is to ask for one thing more. */
function withdraw(row, isUndo) {
  const button = row.querySelector("[data-withdraw]");
  if (isUndo && button) {
    undone.add(row.id);
    button.setAttribute("hx-vals", '{"undo": "1"}');
  }
  button?.click();
  button?.removeAttribute("hx-vals");
  return button !== null;
}

/** Say on a row why a key did nothing there; return the row. */
export function noteOn(row, words) {
  const panel = row.querySelector("[data-panel]");
  panel.querySelector(".note")?.remove();
  panel.prepend(said(words, "note"));
  return row;
}

/** Announce some words, and return them as a note; the panel's next request takes it away. */
function said(textContent, className) {
  status.textContent = textContent;
  return Object.assign(document.createElement("p"), { className, textContent });
}

/** Track the row's state: only a stored verdict can be undone, and one that undoing brought back was not given here. */
function remember(row, path) {
  const place = ruled.indexOf(row.id);
  const stands = row.querySelector("[data-withdraw]") !== null && !path.endsWith("/withdraw/");
  if (stands && place < 0 && path.endsWith("/rule/")) ruled.push(row.id);
  if (!stands && place >= 0) ruled.splice(place, 1);
}

function answered(panel, path) {
  const row = panel.closest("[data-row]");
  if (!row || !panel.matches("[data-panel]")) return;
  undone.delete(row.id);
  const isUndo = unwanted.get(row.id);
  if (unwanted.delete(row.id) && !path.endsWith("/withdraw/") && withdraw(row, isUndo)) return;
  remember(row, path);
  undoWaiting(row);
  status.textContent = row.querySelector(".note")?.textContent ?? saved(row, path);
}

function saved(row, path) {
  const verdict = row.querySelector("[data-panel] > .verdict")?.firstChild.textContent.trim() ?? "";
  if (path.endsWith("/withdraw/")) return [gettext("Verdict withdrawn."), verdict].join(" ").trim();
  return (path.endsWith("/rule/") && verdict) || gettext("Saved.");
}

function failed(pressed, why) {
  const row = pressed.closest("[data-row]");
  unwanted.delete(row.id);
  if (!pressed.matches("[data-verdict], [data-withdraw]")) forgetCase(row);
  if (undone.delete(row.id)) ruled.push(row.id);
  if (!row.querySelector("[data-withdraw]") && ruled.includes(row.id)) ruled.splice(ruled.indexOf(row.id), 1);
  const words = [why, gettext("Nothing has changed. Try again, or reload the page.")].join(" ");
  const place = pressed.closest("details:not([open])") ?? pressed.closest("form, [data-given]"); // a key presses folded buttons, too
  place.before(said(words, "note bad"));
}

const isOurs = (element) => element.closest("[data-panel]") !== null;

document.addEventListener("click", (event) => {
  rememberCase(event.target, ruled.length);
  const { id } = event.target.closest("[data-verdict]")?.closest("[data-row]") ?? {};
  if (id && !ruled.includes(id)) ruled.push(id);
});
document.addEventListener("htmx:beforeRequest", ({ target }) => {
  if (!isOurs(target)) return;
  target.closest("[data-panel]").querySelector(".note")?.remove();
  status.textContent = "";
});
document.addEventListener("htmx:afterSettle", ({ target, detail }) => answered(target, detail.pathInfo.requestPath));
document.addEventListener("htmx:responseError", ({ target, detail }) => {
  if (isOurs(target)) failed(target, interpolate(gettext("The server answered %s."), [detail.xhr.status]));
});
document.addEventListener("htmx:sendError", ({ target }) => {
  if (isOurs(target)) failed(target, gettext("Can't reach the server."));
});
