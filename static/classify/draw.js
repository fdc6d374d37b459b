// Drawing lines: by dragging from one end of a trail to the other; or a line is added in the middle of what is seen, and
// arrow keys or taps place its ends. A tap places only an end that was chosen before, so that none makes a line by itself.

const SHORTEST = 4; // CSS pixels; anything shorter is a tap
const SHARE = 0.25; // of the view: initial length of a line added by keyboard

export class Draw {
  isOn = true;
  #added = null; // the line whose end is placed after its start

  /** `toPixel(place)` leads from a place in a pane to a line's coordinates, `scale()` tells CSS pixels per pixel. */
  constructor(marks, layer, { toPixel, scale, say, began }) {
    Object.assign(this, { marks, layer, toPixel, scale, say, began });
  }

  /** Begin at a place in a pane: with an end that is there, or with a new line; null where the picture is to be moved. */
  begin(place) {
    if (!this.marks.most || place.pane.frame === null) return null;
    const held = this.layer.grab(place.pane, place);
    if (held) return this.#moving(held);
    if (!this.isOn) return null;
    if (this.marks.isFull) {
      this.#sayFull();
      return null;
    }
    return this.#drawing(place);
  }

  /** Take a tap: it places the end that had the focus, or chooses one that is there. Tell whether it did either. */
  tap(place, left) {
    const chosen = this.layer.endOf(left);
    const there = this.layer.grab(place.pane, place);
    const isForChosen = chosen && this.marks.lines[chosen.index].frame === place.pane.frame;
    if (isForChosen) this.#place(place, chosen, there);
    else if (there) this.#choose(there, gettext("Tap a new place for this end, or use the arrow keys. Tap it again to finish."));
    return Boolean(isForChosen || there);
  }

  /** Begin a line in the middle, and choose its start. */
  add(frame, middle, seen) {
    const half = seen * SHARE / 2;
    this.marks.step();
    const index = this.marks.add(frame, { x: middle.x - half, y: middle.y }, { x: middle.x + half, y: middle.y });
    if (index < 0) return this.#sayFull();
    this.#added = this.marks.lines[index];
    return this.#choose({ index, end: 1 }, gettext("Line added. Move this end with the arrow keys (Shift: ten pixels). Tab: other end. Delete: remove the line. Enter: finish. Or tap the start of the line, then its end."));
  }

  #sayFull() {
    this.say(interpolate(gettext("You've drawn %s lines, the maximum. Delete one first."), [this.marks.most]));
  }

  #choose({ index, end }, words) {
    this.began();
    this.layer.focus(index, end);
    this.say(words);
  }

  #place(place, { index, end }, there) {
    const isAdded = this.marks.lines[index] === this.#added;
    this.#added = null;
    if (!isAdded && there?.index === index && there.end === end) return; // tapped again: leave it in place
    this.marks.step();
    this.marks.move(index, end, this.toPixel(place));
    if (isAdded && end === 1) this.#choose({ index, end: 2 }, gettext("Now tap the end of the line."));
    else this.say(gettext("Placed."));
  }

  #moving({ index, end }) {
    this.began();
    this.marks.step();
    const { [`x${end}`]: x, [`y${end}`]: y } = this.marks.lines[index];
    return {
      move: (place) => this.marks.move(index, end, this.toPixel(place)),
      end: () => { /* it lies where it was let go */ },
      cancel: () => this.marks.move(index, end, { x, y }),
    };
  }

  #drawing(place) {
    const from = this.toPixel(place);
    let index = -1;
    const cancel = () => { if (index >= 0) this.marks.remove(index); };
    return {
      move: (to) => {
        if (index < 0) {
          this.began();
          this.marks.step();
          index = this.marks.add(place.pane.frame, from, this.toPixel(to));
        } else {
          this.marks.move(index, 2, this.toPixel(to));
        }
      },
      end: () => { if (this.marks.length(index) * this.scale() < SHORTEST) cancel(); },
      cancel,
    };
  }
}
