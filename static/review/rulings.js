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
  if (newest?.matches(BUSY)) unwanted.add(newest.id);
  else newest?.querySelector("[data-withdraw]")?.click();
  newest?.focus();
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
  const note = Object.assign(document.createElement("p"), { className: "note bad", textContent: words });
  pressed.closest("form, [data-given]").before(note);
  status.textContent = words;
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
