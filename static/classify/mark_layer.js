// Draws the lines over each pane that shows their frame, with a handle at each end. A handle is a button,
// so that lines are also drawn, moved and deleted by keyboard.
import { lineOf, placeLine } from "./overlay.js";

const REACH = 22; // CSS pixels within which a pointer grabs an end
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const FAR = 10;

function handle() {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "handle" });
  return button;
}

export class MarkLayer {
  /** `place(pane, {x, y})` leads from a line's end to the pane; `isElsewhere(pane, line)` tells whether a line is hinted at there. */
  constructor(marks, place, isElsewhere) {
    Object.assign(this, { marks, place, isElsewhere });
  }

  /** Draw all lines in the panes; the first pane that shows a line holds the handles that Tab reaches. */
  draw(panes) {
    const reachable = new Set();
    for (const pane of panes) {
      this.#drawPane(pane, reachable);
      this.#hint(pane);
    }
  }

  remove(index) {
    this.marks.step();
    this.marks.remove(index);
    this.focus(Math.min(index, this.marks.lines.length - 1));
  }

  /** Return the nearest line and end within reach of a place in the pane; null if there is none. */
  grab(pane, at) {
    const ends = this.#shown(pane).flatMap(({ line, index }) => [1, 2].map((end) => {
      const place = this.place(pane, { x: line[`x${end}`], y: line[`y${end}`] });
      return { index, end, distance: Math.hypot(place.x - at.x, place.y - at.y) };
    }));
    const nearest = ends.sort((a, b) => a.distance - b.distance)[0];
    return nearest?.distance <= REACH ? nearest : null;
  }

  /** Select an end of a line, to be moved by the keyboard or the next tap. */
  focus(index, end = 1) {
    document.querySelector(`.handle[data-line="${index}"][data-end="${end}"][tabindex="0"]`)?.focus();
  }

  /** Return the line and end of a handle element; null for any other element. */
  endOf(element) {
    return element?.matches(".handle") ? { index: Number(element.dataset.line), end: Number(element.dataset.end) } : null;
  }

  #shown(pane) {
    return this.marks.lines.map((line, index) => ({ line, index })).filter(({ line }) => line.frame === pane.frame);
  }

  #drawPane(pane, reachable) {
    const shown = this.#shown(pane);
    const lines = this.#fit(pane.overlay, ".mark", shown.length, () => lineOf("mark"));
    const handles = this.#fit(pane.element, ".handle", 2 * shown.length, () => this.#newHandle());
    shown.forEach(({ line, index }, i) => {
      const ends = this.#ends(pane, line);
      placeLine(lines[i], ...ends);
      ends.forEach((place, j) => this.#placeHandle(handles[2 * i + j], place, index, j + 1, !reachable.has(index)));
      reachable.add(index);
    });
  }

  /** Draw the lines of other frames faintly, without handles. */
  #hint(pane) {
    const elsewhere = this.marks.lines.filter((line) => this.isElsewhere(pane, line));
    const lines = this.#fit(pane.overlay, ".hint", elsewhere.length, () => lineOf("hint"));
    elsewhere.forEach((line, i) => placeLine(lines[i], ...this.#ends(pane, line)));
  }

  #ends(pane, line) {
    return [1, 2].map((end) => this.place(pane, { x: line[`x${end}`], y: line[`y${end}`] }));
  }

  /** Keep the needed number of elements, reusing existing ones: one of them may have the focus. */
  #fit(parent, selector, count, make) {
    const there = [...parent.querySelectorAll(selector)];
    for (const extra of there.splice(count)) extra.remove();
    while (there.length < count) there.push(parent.appendChild(make()));
    return there;
  }

  #newHandle() {
    const button = handle();
    button.addEventListener("keydown", (event) => this.#press(button, event));
    return button;
  }

  #placeHandle(button, { x, y }, index, end, isReachable) {
    const line = this.marks.lines[index];
    Object.assign(button.dataset, { line: index, end });
    button.tabIndex = isReachable ? 0 : -1;
    button.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    const words = end === 1 ? gettext("Line %(line)s, start at x %(x)s, y %(y)s") : gettext("Line %(line)s, end at x %(x)s, y %(y)s");
    const [px, py] = [line[`x${end}`], line[`y${end}`]].map((value) => value.toFixed(1));
    button.setAttribute("aria-label", interpolate(words, { line: index + 1, x: px, y: py }, true));
  }

  #press(button, event) {
    const [line, end] = [Number(button.dataset.line), Number(button.dataset.end)];
    const step = STEPS[event.key];
    if (step && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const far = event.shiftKey ? FAR : 1;
      const { [`x${end}`]: x, [`y${end}`]: y } = this.marks.lines[line];
      this.marks.step(`${line} ${end}`); // all presses on one end are one step
      this.marks.move(line, end, { x: x + step[0] * far, y: y + step[1] * far });
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.remove(line);
    } else if (event.key === "Enter" || event.key === "Escape") {
      button.blur();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation(); // these keys are also shortcuts of the page
  }
}
