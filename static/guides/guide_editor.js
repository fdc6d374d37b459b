// The editor: inserts uploaded pictures at the cursor, and warns before leaving unsaved work.

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const body = part("body");
const form = part("form");
const pictureForm = part("picture-form");
const saved = "unsaved" in body.dataset ? null : body.defaultValue; // refused text exists only here
let isLeaving = false;

function showUnsaved() {
  part("unsaved").textContent = body.value === saved ? "" : gettext("Not saved yet.");
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
  status.textContent = gettext("Image inserted. Save to publish it.");
}

body.addEventListener("input", showUnsaved);
form.addEventListener("submit", () => { isLeaving = true; });
pictureForm.addEventListener("submit", upload);
addEventListener("beforeunload", (event) => {
  if (!isLeaving && body.value !== saved) event.preventDefault();
});
showUnsaved();
