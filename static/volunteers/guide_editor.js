// The editor: pictures are uploaded and written in at the cursor, and nobody leaves unsaved work by accident.

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const body = part("body");
const form = part("form");
const pictureForm = part("picture-form");
const saved = body.value;
let isLeaving = false;

function showUnsaved() {
  part("unsaved").textContent = body.value === saved ? "" : gettext("Not saved yet.");
}

function insert(text) {
  body.setRangeText(text, body.selectionStart, body.selectionEnd, "end");
  body.dispatchEvent(new Event("input", { bubbles: true }));
  body.focus();
}

async function upload(event) {
  event.preventDefault();
  const status = part("picture-status");
  status.textContent = gettext("Uploading…");
  try {
    const response = await fetch(pictureForm.action, { method: "POST", body: new FormData(pictureForm) });
    const reply = await response.json();
    if (!response.ok) throw new Error(reply.detail);
    insert(`\n![${pictureForm.elements.words.value.replaceAll(/[[\]]/g, "")}](${reply.address})\n`);
    pictureForm.reset();
    status.textContent = gettext("The picture is in the text. Save to show it to readers.");
  } catch (error) {
    status.textContent = error.message || gettext("The picture did not arrive. Nothing is lost; try again.");
  }
}

body.addEventListener("input", showUnsaved);
form.addEventListener("submit", () => { isLeaving = true; });
pictureForm.addEventListener("submit", upload);
addEventListener("beforeunload", (event) => {
  if (!isLeaving && body.value !== saved) event.preventDefault();
});
