// The store of unsent requests: IndexedDB, so that they outlive the page, the browser and a dead battery. Where the
// browser refuses it (some private windows), they live as long as the page.

const DATABASE = "wanderers";
const STORE = "letters"; // as in the browsers that have one

function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function open() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
  return resultOf(request);
}

/** Whether somebody ({id, name}; the id of a visitor is null) may send a stored request. */
export const isOf = (request, me) => request.who === null || request.who === me.id;

export class OutboxStore {
  #database;

  constructor(database) {
    this.#database = database;
  }

  static async open() {
    try {
      return new OutboxStore(await open());
    } catch {
      return new OutboxStore(null);
    }
  }

  /** Return the requests whose key begins with `prefix`, the oldest first. */
  async all(prefix) {
    const found = await this.#in("readonly", (store) => store.getAll(IDBKeyRange.bound(prefix, `${prefix}\uffff`)));
    return found ?? [];
  }

  put(request) {
    return this.#in("readwrite", (store) => store.put(request));
  }

  remove(request) {
    return this.#in("readwrite", (store) => store.delete(request.key));
  }

  /**
   * Run a store operation; a failure must not prevent sending. It is committed at once: a page that is left before its
   * transaction has committed by itself loses what it has just stored.
   */
  async #in(mode, ask) {
    try {
      const transaction = this.#database.transaction(STORE, mode, { durability: "strict" });
      const request = ask(transaction.objectStore(STORE));
      transaction.commit();
      return await resultOf(request);
    } catch {
      return undefined;
    }
  }
}
