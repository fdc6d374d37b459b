// Verdicts by key on the row that has the focus, or the first: Y, N, U to skip, Z to undo, arrows to move.
// The keys press the row's own buttons, so that keyboard, mouse and no script at all do the same.
import { takeBack } from "./rulings.js";

const SETTLE = 250; // ms in which a second key press is ignored

const desk = document.querySelector("[data-desk]");
let readyAt = 0;

const rows = () => [...desk.querySelectorAll("[data-row]")];
const current = () => document.activeElement?.closest("[data-row]") ?? rows()[0];

function move(by) {
  const all = rows();
  const next = all[Math.min(all.length - 1, Math.max(0, all.indexOf(current()) + by))];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}

function give(verdict) {
  const row = current();
  const button = row?.querySelector(`button[value="${verdict}"]`);
  if (!button || performance.now() < readyAt) return;
  readyAt = performance.now() + SETTLE;
  button.click();
  move(1);
}

const ACTIONS = {
  y: () => give("yes"), n: () => give("no"), u: () => move(1), z: () => takeBack(current()),
  ArrowDown: () => move(1), ArrowUp: () => move(-1),
};

addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea")) return;
  const action = ACTIONS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action || !desk) return;
  event.preventDefault();
  action();
});

// A row that the server sends anew keeps the focus that its predecessor had.
let focused = null;
document.addEventListener("htmx:beforeSwap", () => { focused = document.activeElement?.closest("[data-row]")?.id; });
document.addEventListener("htmx:afterSettle", () => {
  if (focused && !document.activeElement?.closest("[data-row]")) document.getElementById(focused)?.focus({ preventScroll: true });
});
