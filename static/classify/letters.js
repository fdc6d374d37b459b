// Where unsent answers are kept: IndexedDB, so that they outlive the page, the browser and a dead battery. Where the
// browser refuses it (some private windows), they live as long as the page.

const DATABASE = "wanderers";
const STORE = "letters";

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function open() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
  return settled(request);
}

export class Letters {
  #database;

  constructor(database) {
    this.#database = database;
  }

  static async open() {
    try {
      return new Letters(await open());
    } catch {
      return new Letters(null);
    }
  }

  /** Return the letters whose key begins with `prefix`, the oldest first. */
  async all(prefix) {
    const found = await this.#in("readonly", (store) => store.getAll(IDBKeyRange.bound(prefix, `${prefix}\uffff`)));
    return found ?? [];
  }

  put(letter) {
    return this.#in("readwrite", (store) => store.put(letter));
  }

  remove(letter) {
    return this.#in("readwrite", (store) => store.delete(letter.key));
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
      return await settled(request);
    } catch {
      return undefined;
    }
  }
}
