// The state of verdicts given here: announced when stored, and undone once stored.
import "./folds.js";

const BUSY = ":has(.htmx-request, .htmx-swapping, .htmx-settling)"; // its request is under way, or its reply is being put in

const status = document.querySelector("[data-status]") ?? document.body.appendChild(
  Object.assign(document.createElement("p"), { className: "visually-hidden", role: "status" }),
);
const ruled = []; // ids of the rows ruled here, the newest last
const unwanted = new Set(); // ids of the rows to take back as soon as their verdict has arrived

/** Withdraw the newest verdict, or that on `row` if none was given here. */
export function takeBack(row) {
  const newest = document.getElementById(ruled.pop()) ?? row;
  const withdraw = newest?.querySelector("[data-withdraw]");
  if (newest?.matches(BUSY)) unwanted.add(newest.id);
  else if (withdraw) withdraw.click();
  else if (newest) nothingToUndo(newest.querySelector("[data-panel]"));
  newest?.focus();
}

function nothingToUndo(panel) {
  panel.querySelector(".note")?.remove();
  panel.prepend(said(gettext("Nothing to undo on this page."), "note"));
}

/** Announce some words, and return them as a note; the panel's next request takes it away. */
function said(textContent, className) {
  status.textContent = textContent;
  return Object.assign(document.createElement("p"), { className, textContent });
}

/** Track the row's state: only a stored verdict can be withdrawn. */
function remember(row) {
  const place = ruled.indexOf(row.id);
  const stands = row.querySelector("[data-withdraw]") !== null;
  if (stands && place < 0) ruled.push(row.id);
  if (!stands && place >= 0) ruled.splice(place, 1);
}

function answered(panel, path) {
  const row = panel.closest("[data-row]");
  if (!row || !panel.matches("[data-panel]")) return;
  const withdraw = row.querySelector("[data-withdraw]");
  if (unwanted.delete(row.id) && withdraw) {
    withdraw.click();
    return;
  }
  remember(row);
  status.textContent = row.querySelector(".note")?.textContent ?? saved(row, path);
}

function saved(row, path) {
  if (path.endsWith("/withdraw/")) return gettext("Verdict withdrawn.");
  const verdict = path.endsWith("/rule/") && row.querySelector(".verdict");
  return verdict ? verdict.firstChild.textContent.trim() : gettext("Saved.");
}

function failed(pressed, why) {
  const row = pressed.closest("[data-row]");
  unwanted.delete(row.id);
  remember(row);
  const words = [why, gettext("Nothing has changed. Try again, or reload the page.")].join(" ");
  pressed.closest("form, [data-given]").before(said(words, "note bad"));
}

const isOurs = (element) => element.closest("[data-panel]") !== null;

document.addEventListener("click", (event) => {
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
