// Verdicts by key on the panel of the row that has the focus, or the first: Y, N, Z to undo, H to hold, A to assign, S to
// ask for a second opinion. In a list of rows also U to skip, arrows to move and Enter to look at the pictures; where many
// can be ruled on at once, X to select, and Shift with Y or N for all that are selected. The keys press the page's own
// buttons, so that keyboard, mouse and no script at all do the same. ? lists them.
import { keyOf } from "../classify/keymap.js";
import { whole } from "./far_pages.js";
import { unfold } from "./folds.js";
import { selectRow } from "./selection.js";
import { noteOn, takeBack } from "./rulings.js";

const SETTLE = 250; // ms in which a second key press is ignored
const AHEAD = 5; // rows left at which the next ones are loaded

const desk = document.querySelector("[data-desk]"); // a page about one subject has a single row, and no list
const bulk = document.querySelector("[data-bulk]");
let readyAt = 0;

const rows = () => [...document.querySelectorAll("[data-row]")];
const marked = () => document.querySelector("[data-row][data-current]");
const current = () => document.activeElement?.closest("[data-row]") ?? marked() ?? rows()[0];

/** Mark the row that has its turn, and that the view "one by one" shows. */
function mark(row) {
  const shown = marked();
  if (!row || row === shown) return;
  shown?.removeAttribute("data-current");
  row.setAttribute("data-current", "");
  desk.dispatchEvent(new CustomEvent("current", { detail: row }));
}

function move(by) {
  const all = rows();
  const place = Math.min(all.length - 1, Math.max(0, all.indexOf(current()) + by));
  const next = whole(all[place]);
  if (place > all.length - AHEAD) desk.querySelector("[data-more]")?.dispatchEvent(new Event("more"));
  mark(next);
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}

/** Look at a row's pictures in the viewer, which listens. */
function look(row) {
  mark(row);
  row.focus({ preventScroll: true });
  desk.dispatchEvent(new CustomEvent("look", { detail: row }));
}

/** Undo the newest change, and show the row that it was made in. */
function undo() {
  const row = takeBack(current());
  if (desk) mark(row);
  row?.focus();
}

function give(verdict) {
  const row = current();
  if (!row || performance.now() < readyAt) return;
  readyAt = performance.now() + SETTLE;
  const button = row.querySelector(`button[value="${verdict}"]`);
  if (!button) {
    noteOn(row, gettext("Your verdict stands. Withdraw it first (Z) to give another."));
    return;
  }
  button.click();
  if (desk) move(1);
}

/** Rule on all selected rows at once; without any, the button is disabled, and nothing happens. */
function ruleOnSelected(verdict) {
  if (performance.now() < readyAt) return;
  readyAt = performance.now() + SETTLE;
  bulk.querySelector(`button[name="verdict"][value="${verdict}"]`).click();
}

/** Press the row's button for holding, assigning or asking; it may be folded away. */
function press(what) {
  if (performance.now() < readyAt) return;
  readyAt = performance.now() + SETTLE;
  const row = current();
  unfold(row);
  const button = row.querySelector(`[data-${what}]`);
  if (button) button.click();
  else noteOn(row, whyNot(what, row));
}

function whyNot(what, row) {
  if (what === "assign") return gettext("Somebody has this subject already. Unassign it first.");
  if (row.querySelector("[data-unask]")) return gettext("A second opinion is wanted already.");
  return gettext("Give your verdict first; then you can ask for a second opinion.");
}

/** Show the page's list of keys, wherever the page is scrolled to. */
function help() {
  const close = Object.assign(document.createElement("button"), { className: "button", textContent: gettext("Close") });
  const dialog = Object.assign(document.createElement("dialog"), { className: "key-help", ariaLabel: gettext("Keyboard shortcuts") });
  const keys = Object.assign(document.createElement("p"), { className: "keys" });
  keys.append(...document.querySelector(".keys").cloneNode(true).childNodes);
  dialog.append(keys, close);
  document.body.append(dialog);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

if (desk) mark(rows()[0]);

const ACTIONS = {
  y: () => give("yes"), n: () => give("no"), z: undo,
  h: () => press("hold"), a: () => press("assign"), s: () => press("second"),
  "?": help,
  ...(desk ? { u: () => move(1), ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: () => look(current()) } : {}),
  ...(bulk ? { x: () => selectRow(current()) } : {}),
};

const SELECTED = bulk ? { y: () => ruleOnSelected("yes"), n: () => ruleOnSelected("no") } : {}; // with Shift

addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]")) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && event.target.closest("a, button, summary, input")) return;
  const key = keyOf(event);
  const action = (event.shiftKey && SELECTED[key]) || ACTIONS[key];
  if (!action || !rows().length) return;
  event.preventDefault();
  action();
});

desk?.addEventListener("click", (event) => {
  const link = event.target.closest("[data-look]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  look(link.closest("[data-row]"));
});

// A panel that the server sends anew leaves the focus with its row, and open or folded what was so. All of it in the moment
// of the swap: until the panel settles, the number of subjects may arrive too, or somebody unfolds a part.
let focused = null;
let folds = new Map(); // whether each part of the panel was open, by its summary
const named = (details) => details.querySelector("summary").textContent;
document.addEventListener("htmx:beforeSwap", ({ target }) => {
  focused = document.activeElement?.closest("[data-row]");
  folds = new Map([...target.querySelectorAll("details")].map((details) => [named(details), details.open]));
});
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (!target.matches("[data-panel]")) folds.clear();
  if ([...folds.values()].includes(true)) unfold(target);
  for (const details of folds.size ? target.querySelectorAll("details") : []) details.open = folds.get(named(details)) ?? details.open;
  if (focused?.isConnected && !document.activeElement?.closest("[data-row]")) focused.focus({ preventScroll: true });
});
