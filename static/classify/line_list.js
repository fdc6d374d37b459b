// The list of drawn lines below the picture: each is named, found again in its frame, and deleted.

function newButton() {
  return Object.assign(document.createElement("button"), { type: "button", className: "button" });
}

function newChip() {
  const chip = document.createElement("span");
  chip.append(newButton(), newButton());
  return chip;
}

export class LineList {
  /** `nameOf(frame)` names a frame; empty where there is only one. */
  constructor(element, stage, nameOf) {
    Object.assign(this, { element, stage, nameOf });
    element.addEventListener("click", ({ target }) => {
      const chip = target.closest("button")?.parentElement;
      if (!chip) return;
      const index = [...element.children].indexOf(chip);
      if (target === chip.firstChild) this.#find(stage.marks.lines[index].frame);
      else stage.layer.remove(index);
    });
  }

  draw(lines) {
    const before = this.element.children.length;
    while (this.element.children.length > lines.length) this.element.lastChild.remove();
    while (this.element.children.length < lines.length) this.element.append(newChip());
    lines.forEach(({ frame }, i) => this.#name(this.element.children[i], i + 1, this.nameOf(frame)));
    this.element.hidden = !lines.length;
    if (lines.length > before) this.element.lastChild.scrollIntoView({ inline: "end", block: "nearest" });
  }

  /** Show a frame and tell screen readers which; the stack has none. */
  #find(frame) {
    const { blink, choices, panes, part, say } = this.stage;
    if (panes.all[0].frame === null) choices.arrange("blink");
    blink.turnTo(frame);
    say(part("slider").ariaValueText);
  }

  #name(chip, number, frame) {
    const [find, remove] = chip.children;
    find.hidden = !frame;
    find.textContent = `${number} · ${frame}`;
    find.setAttribute("aria-label", interpolate(gettext("Show line %s"), [find.textContent]));
    remove.textContent = frame ? "×" : `${number} ×`;
    remove.setAttribute("aria-label", interpolate(gettext("Delete line %s"), [number]));
  }
}
