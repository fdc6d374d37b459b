// What others marked, over each pane that shows it, for the survey's scientists: a volunteer's line is solid, with its
// number; a detection of the model is a dashed box, with its letter and score; a measured ridge is dotted. Nothing here
// can be changed.
import { SVG } from "./overlay.js";

const MARGIN = 9; // CSS pixels between a detection and its box
const PIXELS = 2; // of the picture, the same
const LETTER = 14; // CSS pixels: height of a label, and its distance from the pane's border
const ROOM = 160; // CSS pixels: a narrower pane has no labels

function newGroup() {
  const group = document.createElementNS(SVG, "g");
  for (const [tag, part] of [["path", "rim"], ["path", "stroke"], ["text", "label"]]) {
    group.append(document.createElementNS(SVG, tag));
    group.lastChild.setAttribute("class", part);
  }
  return group;
}

/** Return the corners of the box around a line, with a margin on all sides. */
function boxAround(from, to, margin) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const [x, y] = length ? [(to.x - from.x) / length, (to.y - from.y) / length] : [1, 0];
  const corner = (end, along, across) => ({
    x: end.x + margin * (along * x - across * y), y: end.y + margin * (along * y + across * x),
  });
  return [corner(from, -1, 1), corner(to, 1, 1), corner(to, 1, -1), corner(from, -1, -1)];
}

function reaches(points, { width, height }) {
  const [x, y] = ["x", "y"].map((axis) => points.map((point) => point[axis]));
  return Math.max(...x) >= 0 && Math.min(...x) <= width && Math.max(...y) >= 0 && Math.min(...y) <= height;
}

function placeLabel(text, at, { width, height }) {
  const within = (value, side) => Math.min(side - LETTER, Math.max(LETTER, value)).toFixed(1);
  text.setAttribute("x", within(at.x, width));
  text.setAttribute("y", within(at.y, height));
  text.setAttribute("text-anchor", at.x > width / 2 ? "end" : "start");
}

export class AnnotationLayer {
  /** `legend` is a button that also shows and hides them; `view` leads from the picture to a pane. */
  constructor(legend, choices, view) {
    Object.assign(this, { legend, choices, view });
  }

  draw(scene, panes) {
    const all = scene.subject.annotations ?? [];
    this.#showLegend(all);
    for (const pane of panes) {
      const seen = this.choices.annotations ? all.filter((each) => scene.shows(pane, each)) : [];
      const groups = this.#fit(pane.overlay, seen.length);
      seen.forEach((each, i) => this.#place(groups[i], each, scene, pane));
    }
  }

  clear() {
    this.legend.hidden = true;
  }

  #showLegend(all) {
    this.legend.hidden = !all.length;
    for (const entry of this.legend.querySelectorAll("[data-by]")) {
      const count = all.filter((each) => each.by === entry.dataset.by).length;
      entry.hidden = !count;
      entry.querySelector(".number").textContent = count;
    }
  }

  #fit(overlay, count) {
    const there = [...overlay.querySelectorAll(".annotation")];
    for (const extra of there.splice(count)) extra.remove();
    while (there.length < count) there.push(overlay.appendChild(newGroup()));
    return there;
  }

  #place(group, annotation, scene, pane) {
    const { by, x1, y1, x2, y2, points: path = [[x1, y1], [x2, y2]], label, score } = annotation;
    const isLine = by !== "model";
    const shift = scene.shiftOf(pane, annotation.frame);
    const ends = path.map(([x, y]) => this.view.toPane(scene.fromPixel({ x, y }), shift));
    const points = isLine ? ends : boxAround(...ends, Math.max(MARGIN, PIXELS * this.view.scale));
    group.setAttribute("class", `annotation ${by}`);
    const outline = `M${points.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}${isLine ? "" : "Z"}`;
    for (const shape of group.querySelectorAll("path")) shape.setAttribute("d", outline);
    const text = group.lastChild;
    const isLabelled = this.view.pane.width >= ROOM && reaches(points, this.view.pane);
    text.textContent = isLabelled ? [label, score?.toFixed(2)].filter(Boolean).join(" ") : "";
    placeLabel(text, isLine ? ends[0] : points.reduce((top, point) => (point.y < top.y ? point : top)), this.view.pane);
  }
}
