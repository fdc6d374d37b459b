// How far the project is, and how many the volunteer has answered in it; each milestone is said once.

const MILESTONE = /^[15]0+$/; // 10, 50, 100, 500 and so on

const inWords = (number) => number.toLocaleString(document.documentElement.lang);

export class Progress {
  #most = Infinity; // answered before; what was undone and is given again is no new milestone

  /** `parts` are {answered, progress}; `reached(sentence)` takes a milestone. */
  constructor(parts, reached) {
    Object.assign(this, { parts, reached });
  }

  /** Show the server's counts, with as many `more` answers that it does not count yet. */
  show({ answered, retired, total }, more) {
    const own = answered + more;
    this.parts.progress.textContent = interpolate(gettext("Project: %(settled)s of %(total)s done"), { settled: inWords(retired), total: inWords(total) }, true);
    this.parts.answered.textContent = interpolate(gettext("You: %s"), [inWords(own)]);
    if (own > this.#most && MILESTONE.test(own)) this.reached(interpolate(gettext("%s answers here. Thank you!"), [inWords(own)]));
    this.#most = this.#most === Infinity ? own : Math.max(own, this.#most);
  }
}
