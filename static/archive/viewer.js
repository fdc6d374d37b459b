// The viewer on a page about one subject.
import { VERDICT_KEYS } from "../review/verdict_keys.js";
import { SubjectViewer } from "./subject_viewer.js";

const viewer = new SubjectViewer({ taken: document.querySelector("[data-panel]") ? VERDICT_KEYS : [] });
viewer.show(viewer.config.subject);
