// Asks "what kind?" before the next subject, where the workflow asks it first: by number keys, full names and pictures.

const DIGITS = 9; // choices that have a key

function option(choice, number, { name = choice, picture } = {}) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "kind", value: choice });
  if (picture) button.append(Object.assign(document.createElement("img"), { src: picture, alt: "" }));
  button.append(Object.assign(document.createElement("span"), { textContent: name }));
  if (number <= DIGITS) button.append(Object.assign(document.createElement("kbd"), { textContent: number }));
  return button;
}

export class FollowUp {
  #done = null;

  /** `parts` are the dialog's elements; `config` has the follow-ups of each answer and how classes are called. */
  constructor({ dialog, list, skip, back }, { followUps, classes }) {
    Object.assign(this, { dialog, list, followUps, classes });
    list.addEventListener("click", (event) => {
      const chosen = event.target.closest("button");
      if (chosen) this.#choose(chosen.value);
    });
    skip.addEventListener("click", () => this.#choose(""));
    back.addEventListener("click", () => this.close());
    document.addEventListener("keydown", (event) => this.#press(event)); // a look at the picture takes the focus away
  }

  /** Ask what follows an answer, and call `done(choice)`, "" for none; going back to the subject calls nothing. */
  ask(answer, done) {
    this.#done = done;
    this.list.replaceChildren(...this.followUps[answer].map((choice, i) => option(choice, i + 1, this.classes[choice])));
    this.dialog.show();
    this.list.firstElementChild.focus();
  }

  close() {
    this.#done = null;
    if (!this.dialog.open) return;
    this.dialog.close();
    document.activeElement?.blur(); // no button stays lit
  }

  #press(event) {
    if (!this.dialog.open || document.querySelector(":modal")) return;
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const digit = event.code.match(/^Digit(\d)$/)?.[1] ?? event.key; // in the row of digits, whatever the layout writes there
    const chosen = this.list.children[Number(digit) - 1];
    if (event.key === "Escape") this.close();
    else if (digit === "0") this.#choose("");
    else if (chosen) this.#choose(chosen.value);
    else return;
    event.stopPropagation(); // these keys are also shortcuts of the page
  }

  #choose(choice) {
    const done = this.#done;
    this.close();
    done?.(choice);
  }
}
