// The state of verdicts given here: announced when stored, and undone once stored.

const BUSY = ":has(.htmx-request), .htmx-settling"; // its request is under way, or its reply is being put in

const desk = document.querySelector("[data-desk]");
const status = document.querySelector("[data-status]");
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

function answered(row) {
  const withdraw = row.querySelector("[data-withdraw]");
  if (unwanted.delete(row.id) && withdraw) {
    withdraw.click();
    return;
  }
  remember(row);
  const said = row.querySelector(".note") ?? row.querySelector(".verdict");
  status.textContent = said?.textContent ?? gettext("Verdict withdrawn.");
}

function failed(form, why) {
  const row = form.closest("[data-row]");
  unwanted.delete(row.id);
  remember(row);
  const words = [why, gettext("Nothing has changed. Try again, or reload the page.")].join(" ");
  form.before(Object.assign(document.createElement("p"), { className: "note bad", textContent: words }));
  status.textContent = words;
}

desk?.addEventListener("click", (event) => {
  const { id } = event.target.closest("[data-verdict]")?.closest("[data-row]") ?? {};
  if (id && !ruled.includes(id)) ruled.push(id);
});
desk?.addEventListener("htmx:beforeRequest", (event) => {
  event.target.parentElement.querySelector(".note")?.remove();
  status.textContent = "";
});
desk?.addEventListener("htmx:afterSettle", (event) => answered(event.target));
desk?.addEventListener("htmx:responseError", ({ target, detail }) => {
  failed(target, interpolate(gettext("The server answered %s."), [detail.xhr.status]));
});
desk?.addEventListener("htmx:sendError", ({ target }) => failed(target, gettext("Can't reach the server.")));
