// The desk's one viewer. One by one it stands above the row and shows its subject; in the list and on the contact sheet it
// opens in a row, in place of its strip, and goes along to the next row until it is closed.
import { SubjectViewer } from "../archive/subject_viewer.js";
import { VERDICT_KEYS } from "./verdict_keys.js";

const TAKEN = [...VERDICT_KEYS, "x", "u"]; // by the desk

const desk = document.querySelector("[data-desk]");
const place = document.querySelector("[data-desk-viewer]");
const isFixed = !place.hidden;
const viewer = new SubjectViewer({ taken: TAKEN });
const asked = new Map(); // promises of subjects, by their addresses

async function fetchSubject(address) {
  const response = await fetch(address, { credentials: "same-origin" });
  if (!response.ok) throw new Error(interpolate(gettext("The server answered %s."), [response.status]));
  return response.json();
}

/** Ask for a row's subject, once; again if that failed. */
function subjectOf(row) {
  const address = row.querySelector("[data-look]").dataset.look;
  if (!asked.has(address)) {
    const subject = fetchSubject(address);
    subject.catch(() => asked.delete(address));
    asked.set(address, subject);
  }
  return asked.get(address);
}

/** Move the viewer into a row; the row's strip makes room. */
function moveTo(row) {
  place.closest("[data-row]")?.removeAttribute("data-viewed");
  row.setAttribute("data-viewed", "");
  row.querySelector(".look").append(place);
  place.hidden = false;
}

function open(row) {
  if (!row) return;
  if (!isFixed) moveTo(row);
  viewer.show(subjectOf(row));
  if (row.nextElementSibling) subjectOf(row.nextElementSibling);
}

function close() {
  const row = place.closest("[data-row]");
  row.removeAttribute("data-viewed");
  place.hidden = true;
  viewer.clear();
  row.focus({ preventScroll: true });
}

desk.addEventListener("current", ({ detail }) => { if (!place.hidden) open(detail); });
desk.addEventListener("look", ({ detail }) => {
  open(detail);
  if (!isFixed) detail.scrollIntoView({ block: "nearest" }); // the viewer is taller than the strip
});
place.querySelector("[data-close]")?.addEventListener("click", close);
addEventListener("keydown", ({ key, target }) => {
  if (key === "Escape" && !isFixed && !place.hidden && !target.closest("[data-part=panel]")) close();
});
if (isFixed) open(desk.querySelector("[data-current]"));
