// The subjects selected for a verdict on all of them at once, and how many they are.

import { restoreAll } from "./far_pages.js";

const form = document.querySelector("[data-bulk]");
const count = form?.querySelector("[data-selected]");
const everything = form?.querySelector("[data-select-all]");

const most = Number(form?.dataset.bulk); // that the server takes at once

const boxes = () => [...document.querySelectorAll("[data-select]")];

function tell() {
  const chosen = boxes().filter((box) => box.checked).length;
  const words = interpolate(ngettext("%s selected", "%s selected", chosen), [chosen]);
  const limit = interpolate(gettext("at most %s at once"), [most]);
  count.textContent = chosen > most ? [words, limit].join(", ") : words;
  for (const button of form.querySelectorAll("button:not([data-no-default])")) button.disabled = chosen === 0 || chosen > most;
  form.toggleAttribute("data-active", chosen > 0);
}

export function selectRow(row) {
  row?.querySelector("[data-select]")?.click();
}

if (form) {
  everything.addEventListener("change", () => {
    restoreAll();
    for (const box of boxes()) box.checked = everything.checked;
    tell();
  });
  document.addEventListener("change", (event) => { if (event.target.matches("[data-select]")) tell(); });
  form.toggleAttribute("data-ready", true);
  tell();
  addEventListener("pageshow", tell); // on the way back, the browser checks the boxes again
}
