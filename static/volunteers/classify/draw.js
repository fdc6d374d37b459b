// Drawing lines: by dragging from one end of a trail to the other, or from the middle of what is seen by keyboard.

const SHORTEST = 4; // CSS pixels; what is shorter was a tap
const SHARE = 0.25; // of what is seen: the length of a line that the keyboard begins with

export class Draw {
  isOn = true;

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

  /** Begin a line in the middle, and put the keyboard on its start. */
  addByKeyboard(frame, middle, seen) {
    const half = seen * SHARE / 2;
    const index = this.marks.add(frame, { x: middle.x - half, y: middle.y }, { x: middle.x + half, y: middle.y });
    if (index < 0) return this.#sayFull();
    this.layer.focus(index);
    return this.say(gettext("Line added. Arrow keys move this end, with Shift by ten pixels; Tab goes to the other end; Delete removes the line; Enter ends."));
  }

  #sayFull() {
    this.say(interpolate(gettext("There are %s lines, and more cannot be stored. Delete one first."), [this.marks.most]));
  }

  #moving({ index, end }) {
    this.began();
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
