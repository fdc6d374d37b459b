// Answers that the server has not confirmed yet, in order, stored in the browser: nothing is lost when the
// network or the server fails, and nothing counts twice, since each classification carries its own id.
import { Refused, Unknown } from "./api.js";
import { Backoff } from "./backoff.js";
import { Letters } from "./letters.js";

export class Outbox {
  #letters;
  #sending = null;
  #timer = null;
  #backoff = new Backoff();

  /**
   * Open the outbox of a workflow and of whoever is signed in (`who`, null for a visitor). What a visitor could not
   * send, an account may; what an account could not send waits until that account is back.
   * `told` has sent(letter, reply), refused(letter, sentence) and waiting(count, why), called as things happen.
   */
  static async open(api, workflow, who, told) {
    const store = await Letters.open();
    const kept = await store.all(`${workflow}.`);
    const letters = kept.filter((letter) => letter.who === null || letter.who === who);
    return new Outbox(api, workflow, who, told, store, letters);
  }

  constructor(api, workflow, who, told, store, letters) {
    Object.assign(this, { api, workflow, who, told, store });
    this.#letters = letters.map((letter) => ({ ...letter, tried: true }));
    addEventListener("online", () => this.flush());
    addEventListener("pageshow", (event) => { if (event.persisted) this.flush(); });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.flush(); });
  }

  get classifications() {
    return this.#letters.filter((letter) => letter.kind === "classify").map((letter) => letter.body);
  }

  classify(classification) {
    this.#add({ kind: "classify", id: classification.id, body: classification });
  }

  /** Undo an answer: locally if it was never sent, else through the server. */
  undo(id) {
    const letter = this.#unsent(id);
    if (letter) this.#remove(letter);
    else this.#add({ kind: "undo", id });
  }

  /** Set the follow-up; it is sent with the answer if that has not been sent yet. */
  followUp(id, choice) {
    const letter = this.#unsent(id);
    if (letter) {
      letter.body.follow_up = choice;
      this.store.put(letter);
    } else {
      this.#add({ kind: "follow-up", id, choice });
    }
  }

  flush() {
    clearTimeout(this.#timer);
    this.#sending ??= this.#sendAll().finally(() => { this.#sending = null; });
    return this.#sending;
  }

  #unsent(id) {
    return this.#letters.find((letter) => letter.kind === "classify" && letter.id === id && !letter.tried);
  }

  #add(letter) {
    letter.who = this.who;
    letter.key = `${this.workflow}.${Date.now()}.${letter.kind}.${letter.id}`;
    this.#letters.push(letter);
    this.store.put(letter);
    this.flush();
  }

  #remove(letter) {
    this.#letters = this.#letters.filter((other) => other !== letter);
    this.store.remove(letter);
  }

  /** Send in order. What the site takes from somebody else alone stays, and all that belongs to it; the rest goes on. */
  async #sendAll() {
    const apart = new Set();
    let why = null;
    for (let letter = this.#next(apart); letter; letter = this.#next(apart)) {
      letter.tried = true; // from here on the server may have received it, whatever the reply
      const { reply, error } = await this.#send(letter).then((reply) => ({ reply }), (error) => ({ error }));
      if (!error) this.#settle(letter, () => this.told.sent(letter, reply));
      else if (error instanceof Refused) this.#settle(letter, () => this.told.refused(letter, error.message));
      else if (error instanceof Unknown) { apart.add(letter.id); why = error; }
      else return this.#later(error);
    }
    if (why) this.#later(why);
  }

  #next(apart) {
    return this.#letters.find(({ id }) => !apart.has(id));
  }

  #send(letter) {
    if (letter.kind === "undo") return this.api.undo(letter.id);
    if (letter.kind === "follow-up") return this.api.followUp(letter.id, letter.choice);
    return this.api.classify(letter.body);
  }

  #settle(letter, tell) {
    this.#remove(letter);
    this.#backoff.reset();
    tell();
    if (!this.#letters.length) this.told.waiting(0);
  }

  #later(error) {
    this.told.waiting(this.#letters.length, error);
    this.#timer = setTimeout(() => this.flush(), error.after ?? this.#backoff.next());
  }
}
