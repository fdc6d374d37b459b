// The editor: inserts uploaded pictures at the cursor, and warns before leaving unsaved work.

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const form = part("form");
const bodies = [...form.querySelectorAll('[data-part="body"]')];
const pictureForm = part("picture-form");
const isRefused = "unsaved" in form.dataset; // refused text exists only here
let body = bodies[0]; // the one written in last
let isLeaving = false;

const isChanged = () => isRefused || bodies.some((each) => each.value !== each.defaultValue);

function showUnsaved() {
  part("unsaved").textContent = isChanged() ? gettext("Not saved yet.") : "";
}

function insert(text) {
  body.setRangeText(text, body.selectionStart, body.selectionEnd, "end");
  body.dispatchEvent(new Event("input", { bubbles: true }));
  body.focus();
}

/** Return the picture's URL, or the server's error; nothing if neither arrived. */
async function send() {
  try {
    const response = await fetch(pictureForm.action, { method: "POST", body: new FormData(pictureForm) });
    return await response.json();
  } catch {
    return {};
  }
}

async function upload(event) {
  event.preventDefault();
  const status = part("picture-status");
  status.textContent = gettext("Uploading…");
  const { address, detail } = await send();
  if (!address) {
    status.textContent = detail ?? gettext("Upload failed. Try again.");
    return;
  }
  insert(`\n![${pictureForm.elements.words.value.replaceAll(/[[\]]/g, "")}](${address})\n`);
  pictureForm.reset();
  status.textContent = gettext("Image inserted.");
}

for (const each of bodies) {
  each.addEventListener("input", showUnsaved);
  each.addEventListener("focus", () => { body = each; });
}
form.addEventListener("submit", () => { isLeaving = true; });
pictureForm.addEventListener("submit", upload);
pictureForm.addEventListener("input", () => { part("picture-status").textContent = ""; });
addEventListener("beforeunload", (event) => {
  if (!isLeaving && isChanged()) event.preventDefault();
});
showUnsaved();
