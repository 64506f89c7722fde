/**
 * The copy of a document on this device: y-indexeddb for the updates, and beside them, in the same database, how many
 * local changes the server has not yet made durable. One database per person and room, so that two people who share a
 * browser never send each other's work.
 *
 * A count is written in a transaction over both stores: it ends after every update before it is on the disk.
 */
import { IndexeddbPersistence } from "y-indexeddb";
import type * as Y from "yjs";

const UNSENT = "unsent";
const KNOWN = "known";

export function databaseName(userId: string, room: string): string {
  return `unisson/${userId}/${room}`;
}

export type DeviceEvents = {
  /** `known`: the document was once complete here, so that an empty copy is an empty document. */
  onLoaded: (unsent: number, known: boolean) => void;
  onStored: (pending: number) => void;
  onFailed: (reason: "full" | "closed") => void;
};

function whyFailed(error: unknown): "full" | "closed" {
  return error instanceof DOMException && error.name === "QuotaExceededError" ? "full" : "closed";
}

/** Whether a database can be opened at all; false in some private windows. */
function canOpen(): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open("unisson/probe");
      request.onsuccess = () => {
        request.result.close();
        resolve(true);
      };
      request.onerror = () => resolve(false);
      request.onblocked = () => resolve(false);
    } catch {
      resolve(false);
    }
  });
}

export class DeviceCopy {
  #persistence: IndexeddbPersistence | null = null;
  /** The count to write once the database is open. */
  #waiting: number | null = null;
  #closed = false;

  constructor(
    readonly name: string,
    readonly doc: Y.Doc,
    readonly events: DeviceEvents,
  ) {
    void this.#open();
  }

  /** Whether an update of the document came from this copy. */
  isOrigin(origin: unknown): boolean {
    return origin !== null && origin === this.#persistence;
  }

  async #open(): Promise<void> {
    if (!(await canOpen())) {
      if (!this.#closed) this.events.onFailed("closed");
      return;
    }
    if (this.#closed) return;
    const persistence = new IndexeddbPersistence(this.name, this.doc);
    this.#persistence = persistence;
    await persistence.whenSynced;
    const unsent: unknown = await persistence.get(UNSENT);
    const known: unknown = await persistence.get(KNOWN);
    if (this.#closed) return;
    this.events.onLoaded(typeof unsent === "number" && unsent > 0 ? unsent : 0, known === true);
    if (this.#waiting !== null) this.note(this.#waiting);
  }

  /**
   * Writes down that `pending` changes wait here; tells when that, and the changes, are on the disk. Written at once,
   * in the order of the changes, so that a tab that closes loses neither.
   */
  note(pending: number): void {
    const database = this.#persistence?.db;
    if (!database || !this.#persistence?.synced) {
      this.#waiting = pending;
      return;
    }
    this.#waiting = null;
    this.#put(database, UNSENT, pending, () => this.events.onStored(pending));
  }

  /** The document is complete here as of now. */
  markKnown(): void {
    const database = this.#persistence?.db;
    if (database) this.#put(database, KNOWN, true, () => {});
  }

  #put(database: IDBDatabase, key: string, value: number | boolean, done: () => void): void {
    if (this.#closed) return;
    try {
      const transaction = database.transaction(["updates", "custom"], "readwrite");
      transaction.objectStore("custom").put(value, key);
      transaction.oncomplete = () => !this.#closed && done();
      transaction.commit();
      transaction.onabort = () => !this.#closed && this.events.onFailed(whyFailed(transaction.error));
    } catch (error) {
      this.events.onFailed(whyFailed(error));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#persistence?.destroy();
  }
}

function openExisting(name: string): Promise<IDBDatabase | null> {
  return new Promise((resolve) => {
    const request = indexedDB.open(name);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
  });
}

async function databasesNamed(fits: (name: string) => boolean): Promise<string[]> {
  if (typeof indexedDB.databases !== "function") return [];
  const all = await indexedDB.databases();
  return all.map((one) => one.name ?? "").filter(fits);
}

/** Databases of this person whose name starts with the document's: `{document}` and `{document}@{epoch}`. */
function databasesOf(userId: string, documentId: string): Promise<string[]> {
  const start = databaseName(userId, documentId);
  return databasesNamed((name) => name === start || name.startsWith(`${start}@`));
}

/** How many changes in this database the server has not made durable. */
async function unsentIn(name: string): Promise<number> {
  const database = await openExisting(name);
  if (!database) return 0;
  const unsent = await new Promise<unknown>((resolve) => {
    if (!database.objectStoreNames.contains("custom")) {
      resolve(0);
      return;
    }
    const request = database.transaction("custom").objectStore("custom").get(UNSENT);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(0);
  });
  database.close();
  return typeof unsent === "number" && unsent > 0 ? unsent : 0;
}

/** Of these rooms, those with a copy on this device, and how many changes wait in each. */
export async function copiesOf(userId: string, rooms: readonly string[]): Promise<Map<string, number>> {
  const wanted = new Map(rooms.map((room) => [databaseName(userId, room), room]));
  const found = new Map<string, number>();
  for (const name of await databasesNamed((one) => wanted.has(one))) {
    found.set(wanted.get(name) ?? "", await unsentIn(name));
  }
  return found;
}

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => resolve();
    request.onblocked = () => resolve();
  });
}

/** Clears this person's copies from the device, but for those that hold work nobody else has. */
export async function clearCopies(userId: string): Promise<void> {
  const start = databaseName(userId, "");
  for (const name of await databasesNamed((one) => one.startsWith(start))) {
    if ((await unsentIn(name)) === 0) await deleteDatabase(name);
  }
}

export type Stranded = { name: string; changes: number };

/**
 * Work left on this device in an earlier lineage of the document, which the server can no longer take. Copies with
 * nothing unsent are cleared on the way.
 */
export async function findStranded(userId: string, documentId: string, room: string): Promise<Stranded[]> {
  const current = databaseName(userId, room);
  const found: Stranded[] = [];
  for (const name of await databasesOf(userId, documentId).catch(() => [])) {
    if (name === current) continue;
    const changes = await unsentIn(name);
    if (changes > 0) found.push({ name, changes });
    else void deleteDatabase(name);
  }
  return found;
}

/** Reads a stranded copy into `doc`, and leaves it where it is. */
export async function readStranded(name: string, doc: Y.Doc): Promise<void> {
  const persistence = new IndexeddbPersistence(name, doc);
  await persistence.whenSynced;
  await persistence.destroy();
}

export function clearStranded(name: string): Promise<void> {
  return deleteDatabase(name);
}
