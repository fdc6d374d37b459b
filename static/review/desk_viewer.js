// The classify page's picture viewer on the desk's view "one by one": it shows the current row's subject.
import { Keymap } from "../classify/keymap.js";
import { listen } from "../classify/keys.js";
import { fetchPicture } from "../classify/numbers.js";
import { pictureActions } from "../classify/picture_keys.js";
import { Stage } from "../classify/stage.js";

const TAKEN = ["s", "x", "h", "a", "y", "n", "u", "z"]; // by the desk

const config = JSON.parse(document.getElementById("viewer-config").textContent);
const root = document.querySelector("[data-viewer]");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const stage = new Stage(part, config, (text) => { part("status").textContent = text; });
const actions = Object.entries(pictureActions(stage, config));
listen(new Keymap(Object.fromEntries(
  actions.map(([name, action]) => [name, { ...action, keys: action.keys.filter((key) => !TAKEN.includes(key)) }]),
)));

let turn = 0; // counts subjects, so that a late picture of an earlier one is ignored

async function view(row) {
  const mine = ++turn;
  const facts = document.getElementById(row?.id.replace("subject-", "facts-"));
  if (!facts) return;
  const subject = JSON.parse(facts.textContent);
  part("broken").hidden = true;
  try {
    const picture = await fetchPicture(subject);
    if (mine === turn) stage.show(picture, subject);
  } catch (error) {
    if (mine !== turn) return;
    stage.clear();
    Object.assign(part("broken"), { hidden: false, textContent: error.message });
  }
}

document.querySelector("[data-desk]").addEventListener("current", ({ detail }) => view(detail));
view(document.querySelector("[data-current]"));
