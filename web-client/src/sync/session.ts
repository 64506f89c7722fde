/**
 * One open document: its Y.Doc, its copy on this device, its place on the shared socket, who is there, and the facts
 * behind the state line. Pages hold a session by `holdSession` and let it go; a session with unsaved work stays
 * until the server has it or the socket is gone.
 */
import { HocuspocusProvider } from "@hocuspocus/provider";
import { Awareness, removeAwarenessStates } from "y-protocols/awareness";
import * as Y from "yjs";
import { clearCopies, DeviceCopy, databaseName } from "./device";
import { type Person, peopleIn } from "./presence";
import { type Facts, isDurable, isInMemoryOnly, type SavedEvent, START, step } from "./saved";
import { isChangingWay, sharedSocket } from "./socket";

/** Longest wait for the copy on this device before asking the server. */
const LOAD_PATIENCE_MS = 1500;
const LINGER_MS = 15_000;
/** Before asking again at a door that was closed for a moment. */
const AGAIN_MS = 3000;
const SYNC_STATUS = 8;

export type SessionState = {
  facts: Facts;
  people: Person[] /** There is something to show. */;
  ready: boolean;
};

export type RemoteWord = { kind: string; [field: string]: unknown };

export class DocumentSession {
  readonly doc = new Y.Doc();
  readonly awareness = new Awareness(this.doc);
  readonly provider: HocuspocusProvider;
  #device: DeviceCopy;
  #state: SessionState;
  #listeners = new Set<() => void>();
  #wordListeners = new Set<(word: RemoteWord) => void>();
  #remoteListeners = new Set<() => void>();
  #noted = 0;
  /** An empty copy is an empty document, and not one that never came. */
  #known = false;
  #closed = false;
  #again: ReturnType<typeof setTimeout> | undefined;
  #onPageShow = (event: PageTransitionEvent) => {
    if (event.persisted) this.#introduce();
  };

  constructor(
    readonly room: string,
    readonly self: Person,
    scope: "write" | "read",
  ) {
    this.#state = { facts: { ...START, scope }, people: [self], ready: false };
    this.#introduce();
    this.#device = new DeviceCopy(databaseName(self.id, room), this.doc, {
      onLoaded: (pending, known) => {
        this.#known ||= known;
        if (this.#state.facts.synced) this.#device.markKnown();
        this.#apply({ kind: "loaded", pending, at: Date.now() });
        this.#join();
      },
      onStored: (pending) => this.#apply({ kind: "stored", pending }),
      onFailed: (reason) => {
        this.#apply({ kind: "store-failed", reason });
        this.#join();
      },
    });
    const socket = sharedSocket();
    this.provider = new HocuspocusProvider({
      name: room,
      document: this.doc,
      awareness: this.awareness,
      token: "",
      websocketProvider: socket,
      onOpen: () => this.#apply({ kind: "opened" }),
      onClose: () => {
        this.#apply({ kind: isChangingWay() ? "opening" : "closed" });
        // The document was closed and the socket was not: the provider does not come back by itself.
        if (sharedSocket().status === "connected") this.#askAgain();
      },
      onSynced: ({ state }) => {
        if (state) this.#device.markKnown();
        this.#apply({ kind: "synced", synced: state });
      },
      onUnsyncedChanges: ({ number }) => this.#apply({ kind: "counted", unacknowledged: number }),
      onAuthenticated: ({ scope: granted }) =>
        this.#apply({ kind: "granted", scope: granted === "readonly" ? "read" : "write" }),
      onAuthenticationFailed: ({ reason }) => {
        if (reason === "unavailable") {
          this.#apply({ kind: "closed" });
          this.#askAgain();
        } else {
          // Nobody is told here any more who is there.
          const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.doc.clientID);
          removeAwarenessStates(this.awareness, others, this.provider);
          this.#apply({ kind: "denied", reason });
        }
      },
      onStateless: ({ payload }) => this.#hear(payload),
      onMessage: ({ message }) => this.#watchRefusals(message),
    });
    this.doc.on("update", this.#onUpdate);
    this.awareness.on("change", this.#onAwareness);
    window.addEventListener("pageshow", this.#onPageShow);
    setTimeout(() => this.#join(), LOAD_PATIENCE_MS);
    if (!navigator.onLine) this.#apply({ kind: "closed" });
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  getState = (): SessionState => this.#state;

  /** What the server says beside the document: its title changed, and the like. */
  onWord(listener: (word: RemoteWord) => void): () => void {
    this.#wordListeners.add(listener);
    return () => this.#wordListeners.delete(listener);
  }

  /** Called when somebody else's change has come in. */
  onRemoteChange(listener: () => void): () => void {
    this.#remoteListeners.add(listener);
    return () => this.#remoteListeners.delete(listener);
  }

  /** Asks to be let in again, after a refusal. */
  retry(): void {
    if (this.#closed) return;
    this.#apply({ kind: "granted", scope: "write" });
    this.#rejoin();
  }

  #rejoin(): void {
    if (this.#closed) return;
    this.provider.detach();
    // The provider says only once that it is synchronised, and a refusal does not end that for it.
    this.provider.synced = false;
    this.provider.attach();
  }

  #askAgain(): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#rejoin(), AGAIN_MS);
  }

  #introduce(): void {
    this.awareness.setLocalStateField("user", {
      id: this.self.id,
      name: this.self.name,
      outsider: this.self.outsider,
    });
  }

  #join(): void {
    if (this.#closed || this.provider.isAttached) return;
    this.provider.attach();
    const socket = sharedSocket();
    if (socket.status === "disconnected" && socket.identifier > 0) this.#apply({ kind: "closed" });
  }

  #apply(event: SavedEvent): void {
    if (this.#closed) return;
    const facts = step(this.#state.facts, event);
    if (facts === this.#state.facts) return;
    const ready =
      this.#state.ready || facts.synced || (facts.loaded && (this.#known || this.doc.store.clients.size > 0));
    this.#state = { ...this.#state, facts, ready };
    if (facts.pending !== this.#noted) {
      this.#noted = facts.pending;
      this.#device.note(facts.pending);
    }
    for (const listener of this.#listeners) listener();
  }

  #onUpdate = (_update: Uint8Array, origin: unknown) => {
    if (origin === this.provider) {
      if (this.#state.facts.synced) for (const listener of this.#remoteListeners) listener();
      return;
    }
    if (this.#device.isOrigin(origin)) return;
    this.#apply({ kind: "edited", at: Date.now() });
  };

  #onAwareness = () => {
    const people = peopleIn(this.awareness, this.self.id);
    const same =
      people.length === this.#state.people.length &&
      people.every((person, at) => {
        const other = this.#state.people[at];
        return other?.id === person.id && other.name === person.name && other.outsider === person.outsider;
      });
    if (same) return;
    this.#state = { ...this.#state, people };
    for (const listener of this.#listeners) listener();
  };

  #hear(payload: string): void {
    let word: unknown;
    try {
      word = JSON.parse(payload);
    } catch {
      return;
    }
    if (typeof word !== "object" || word === null || typeof (word as RemoteWord).kind !== "string") return;
    const heard = word as RemoteWord;
    if (heard.kind === "refused") this.#apply({ kind: "refused", reason: String(heard.reason ?? "refused") });
    for (const listener of this.#wordListeners) listener(heard);
  }

  /** A SyncStatus of 0 is a refusal; the provider lets it pass without a word. */
  #watchRefusals(message: { readVarString(): string; readVarUint(): number }): void {
    message.readVarString();
    if (message.readVarUint() !== SYNC_STATUS) return;
    if (message.readVarUint() === 0 && this.#state.facts.pending > 0) {
      this.#apply({ kind: "refused", reason: "refused" });
    }
  }

  /** Ends it, once nothing typed here is on its way. */
  leave(done: () => void): void {
    const finish = () => {
      stop();
      clearTimeout(timer);
      done();
    };
    const timer = setTimeout(finish, LINGER_MS);
    const stop = this.subscribe(() => {
      const { facts } = this.#state;
      if (isDurable(facts) || facts.link !== "open") finish();
    });
    const { facts } = this.#state;
    if (facts.pending === 0 || facts.link !== "open") finish();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#again);
    window.removeEventListener("pageshow", this.#onPageShow);
    const copy = this.#device.close();
    this.provider.destroy();
    this.doc.destroy();
    await copy;
  }
}

type Held = { session: DocumentSession; holders: number };
const open = new Map<string, Held>();

/** The session of a room for this person: the open one, or a new one. Give it back with `releaseSession`. */
export function holdSession(room: string, self: Person, scope: "write" | "read"): DocumentSession {
  const key = databaseName(self.id, room);
  const held = open.get(key);
  if (held) {
    held.holders += 1;
    return held.session;
  }
  const session = new DocumentSession(room, self, scope);
  open.set(key, { session, holders: 1 });
  return session;
}

export function releaseSession(session: DocumentSession): void {
  const key = databaseName(session.self.id, session.room);
  const held = open.get(key);
  if (!held) return;
  held.holders -= 1;
  // A page that is replaced by itself takes the session back in the same turn.
  setTimeout(() => {
    if (held.holders > 0) return;
    session.leave(() => {
      if (held.holders > 0 || open.get(key) !== held) return;
      open.delete(key);
      void session.close();
    });
  }, 0);
}

/** Ends every open session, and clears from this device what the server has anyway: somebody signs out. */
export async function leaveDevice(userId: string): Promise<void> {
  const held = [...open.values()];
  open.clear();
  await Promise.all(held.map(({ session }) => session.close()));
  await clearCopies(userId);
}

window.addEventListener("beforeunload", (event) => {
  for (const { session } of open.values()) {
    if (isInMemoryOnly(session.getState().facts)) {
      event.preventDefault();
      return;
    }
  }
});
