// The viewer on a page about one subject.
import { SubjectViewer } from "./subject_viewer.js";

const viewer = new SubjectViewer();
viewer.show(viewer.config.subject);
