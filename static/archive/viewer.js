// The classify page's picture viewer, with its shortcuts, on a page about one subject.
import { Keymap } from "../classify/keymap.js";
import { listen } from "../classify/keys.js";
import { fetchPicture } from "../classify/numbers.js";
import { pictureActions } from "../classify/picture_keys.js";
import { Stage } from "../classify/stage.js";

const config = JSON.parse(document.getElementById("viewer-config").textContent);
const root = document.querySelector("[data-viewer]");
const part = (name) => root.querySelector(`[data-part="${name}"]`);

const stage = new Stage(part, config, (text) => { part("status").textContent = text; });
listen(new Keymap(pictureActions(stage, config)));
try {
  stage.show(await fetchPicture(config.subject), config.subject);
} catch (error) {
  Object.assign(part("broken"), { hidden: false, textContent: error.message });
}
