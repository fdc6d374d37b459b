// Answers that the server has not confirmed yet, in order, stored in the browser: nothing is lost when the
// network or the server fails, and nothing counts twice, since each classification carries its own id.
import { Refused, Unknown } from "./api.js";
import { Backoff } from "./backoff.js";
import { isOf, OutboxStore } from "./outbox_store.js";

export class Outbox {
  #requests;
  #sending = null;
  #timer = null;
  #why = null; // why the last try failed
  #backoff = new Backoff();

  /**
   * Open the outbox of a workflow and of whoever is signed in (`me`, as in isOf). What a visitor could not send, an
   * account may; what an account could not send waits until that account is back.
   * `listener` has sent(request, reply), refused(request, sentence) and waiting(count, why), called as things happen.
   */
  static async open(api, workflow, me, listener) {
    const store = await OutboxStore.open();
    return new Outbox(api, workflow, me, listener, store, await store.all(""));
  }

  constructor(api, workflow, me, listener, store, stored) {
    Object.assign(this, { api, workflow, me, listener, store, stored });
    const own = stored.filter((request) => request.key.startsWith(`${workflow}.`) && isOf(request, me));
    this.#requests = own.map((request) => ({ ...request, tried: true }));
    addEventListener("online", () => this.flush());
    addEventListener("pageshow", (event) => { if (event.persisted) this.flush(); });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.flush(); });
  }

  get classifications() {
    return this.#requests.filter((request) => request.kind === "classify").map((request) => request.body);
  }

  classify(classification) {
    this.#add({ kind: "classify", id: classification.id, body: classification });
  }

  /** Undo an answer: locally if it was never sent, else through the server. */
  undo(id) {
    const request = this.#unsent(id);
    if (!request) this.#add({ kind: "undo", id });
    else {
      this.#remove(request);
      if (this.#why) this.listener.waiting(this.#requests.length, this.#why);
    }
  }

  /** Set the follow-up; it is sent with the answer if that has not been sent yet. */
  followUp(id, choice) {
    const request = this.#unsent(id);
    if (request) {
      request.body.follow_up = choice;
      this.store.put(request);
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
    return this.#requests.find((request) => request.kind === "classify" && request.id === id && !request.tried);
  }

  #add(request) {
    Object.assign(request, { who: this.me.id, name: this.me.name });
    request.key = `${this.workflow}.${Date.now()}.${request.kind}.${request.id}`;
    this.#requests.push(request);
    this.store.put(request);
    this.flush();
  }

  #remove(request) {
    this.#requests = this.#requests.filter((other) => other !== request);
    this.store.remove(request);
  }

  /** Send in order. What the site takes from somebody else alone stays, and all that belongs to it; the rest goes on. */
  async #sendAll() {
    const apart = new Set();
    let why = null;
    for (let request = this.#next(apart); request; request = this.#next(apart)) {
      request.tried = true; // from here on the server may have received it, whatever the reply
      const { reply, error } = await this.#send(request).then((reply) => ({ reply }), (error) => ({ error }));
      if (!error) this.#finish(request, () => this.listener.sent(request, reply));
      else if (error instanceof Refused) this.#finish(request, () => this.listener.refused(request, error.message));
      else if (error instanceof Unknown) { apart.add(request.id); why = error; }
      else return this.#later(error);
    }
    if (why) this.#later(why);
  }

  #next(apart) {
    return this.#requests.find(({ id }) => !apart.has(id));
  }

  #send(request) {
    if (request.kind === "undo") return this.api.undo(request.id);
    if (request.kind === "follow-up") return this.api.followUp(request.id, request.choice);
    return this.api.classify(request.body);
  }

  #finish(request, report) {
    this.#remove(request);
    this.#backoff.reset();
    this.#why = null;
    report();
    if (!this.#requests.length) this.listener.waiting(0);
  }

  #later(error) {
    this.#why = error;
    this.listener.waiting(this.#requests.length, error);
    this.#timer = setTimeout(() => this.flush(), error.after ?? this.#backoff.next());
  }
}
