// The panes of the stage: one canvas each, in rows and columns chosen for large pictures.

const GAP = 2;
const NEARLY = 0.8;

function figure() {
  const element = document.createElement("figure");
  element.innerHTML = '<canvas role="img"></canvas><svg class="overlay" aria-hidden="true"></svg><figcaption></figcaption>';
  return {
    element,
    canvas: element.querySelector("canvas"),
    overlay: element.querySelector("svg"),
    caption: element.querySelector("figcaption"),
  };
}

export class Panes {
  #all = [];
  #room = { width: 1, height: 1 };
  #picture = { width: 1, height: 1 };
  #columns = null;

  /** `resized(size)` is called with the size of a pane whenever it changes. */
  constructor(root, resized) {
    this.root = root;
    this.resized = resized;
    this.#room = { width: root.clientWidth || 1, height: root.clientHeight || 1 };
    new ResizeObserver(([entry]) => {
      const { width, height } = entry.contentRect;
      if (!width || !height) return; // hidden
      this.#room = { width, height };
      this.#layOut();
    }).observe(root);
  }

  get all() {
    return this.#all;
  }

  /** Show `contents`, a list of {frame, channel}; in so many columns, or in as many as suit them. */
  fill(contents, picture, columns = null) {
    while (this.#all.length < contents.length) {
      this.#all.push(figure());
      this.root.append(this.#all.at(-1).element);
    }
    for (const pane of this.#all.splice(contents.length)) pane.element.remove();
    contents.forEach((content, i) => Object.assign(this.#all[i], content));
    this.#picture = picture;
    this.#columns = columns;
    this.#layOut();
  }

  clear() {
    this.#all = [];
    this.root.replaceChildren();
  }

  /** Return the pane of an element within it, and where a pointer is in it. */
  at(event) {
    const element = event.target.closest?.("figure");
    const pane = this.#all.find((each) => each.element === element);
    if (!pane) return null;
    const box = element.getBoundingClientRect();
    return { pane, x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #size(columns) {
    const rows = Math.ceil(this.#all.length / columns);
    return {
      width: Math.max(1, (this.#room.width - GAP * (columns - 1)) / columns),
      height: Math.max(1, (this.#room.height - GAP * (rows - 1)) / rows),
    };
  }

  /** Side by side if that costs little size, else as large as possible. */
  #bestColumns() {
    const scales = this.#all.map((_, i) => {
      const { width, height } = this.#size(i + 1);
      return Math.min(width / this.#picture.width, height / this.#picture.height);
    });
    return scales.findLastIndex((scale) => scale >= NEARLY * Math.max(...scales)) + 1;
  }

  #layOut() {
    if (!this.#all.length) return;
    const columns = this.#columns ?? this.#bestColumns();
    this.root.style.setProperty("--columns", columns);
    this.resized(this.#size(columns));
  }
}
