// Tutorial, field guide and help in a dialog over the picture, loaded on demand.
import { goOn, welcome } from "./welcome.js";

const dialog = document.querySelector('[data-part="reader"]');
const body = dialog.querySelector('[data-part="reader-body"]');

function addStyles(href) {
  if (document.querySelector(`link[href="${href}"]`)) return;
  document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));
}

async function load(url) {
  const response = await fetch(`${url}?part=1`, { credentials: "same-origin" });
  if (!response.ok) throw new Error(String(response.status));
  body.innerHTML = await response.text(); // sanitised by our own server
}

/** Show only entries that contain all search words. */
function search() {
  const field = body.querySelector('[type="search"]');
  if (!field) return;
  field.form.addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const entry of body.querySelectorAll("[data-part-entry]")) {
      entry.hidden = !words.every((word) => entry.textContent.toLowerCase().includes(word));
      found += Number(!entry.hidden);
    }
    body.querySelector('[data-part="guide-found"]').textContent = words.length
      ? interpolate(ngettext("%s entry", "%s entries", found), [found])
      : "";
  });
}

async function open(kind, config, reader) {
  dialog.dataset.kind = kind;
  dialog.querySelector("h2").textContent = {
    tutorial: gettext("Tutorial"), guide: gettext("Field guide"), help: gettext("Need some help?"),
  }[kind];
  body.textContent = gettext("Loading…");
  addStyles(config.styles);
  for (const other of document.querySelectorAll("dialog[open]")) other.close();
  dialog.showModal();
  try {
    await load(config[kind]);
    if (kind === "tutorial") (await import("./tutorial.js")).walk(body, dialog, () => goOn(reader));
    if (kind === "guide") search();
  } catch {
    body.textContent = gettext("This failed to load. Close it and try again in a moment.");
  }
}

/**
 * Let the buttons open what they name to `reader`, a person in a workflow. `config` holds addresses, and whether the
 * tutorial is to be shown by itself.
 */
export function offerReader(config, reader) {
  welcome(reader);
  for (const button of document.querySelectorAll("[data-guide]")) {
    button.addEventListener("click", () => open(button.dataset.guide, config, reader));
  }
  dialog.querySelector('[data-part="reader-close"]').addEventListener("click", () => dialog.close());
  if (config.tutorialIsDue) open("tutorial", config, reader);
}
