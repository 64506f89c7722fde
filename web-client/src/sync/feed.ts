/**
 * The feed: what changes elsewhere, told to this tab as it happens. One socket a tab, apart from the documents' own. It
 * carries no content, only names of what has changed; pages ask again. After any gap there is a `resync`: everything may
 * have changed meanwhile. Up goes one thing: where the tab is, for those who are there as well; they are told by `here`.
 */

export type LiveEvent = {
  /** `me`, `community`, `members`, `request`, `requests`, `invitations`, `documents`, `document`, `here` or `resync`. */
  kind: string;
  id?: string;
  slug?: string;
  community?: string;
  /** Of `here` alone. */
  count?: number;
  people?: unknown;
};

type Surroundings = {
  after: (ms: number, run: () => void) => () => void;
  /** From 0 to 1, to spread a crowd that comes back at once. */
  chance: () => number;
  /** Without a network nothing is tried. */
  isOnline: () => boolean;
};

type Wanted = {
  url: string;
  onEvent: (event: LiveEvent) => void;
  /** Whether the feed is open, each time that changes. */
  onOpen: (open: boolean) => void;
  open?: (url: string) => WebSocket;
} & Partial<Surroundings>;

const FIRST_DELAY_MS = 1000;
const MOST_DELAY_MS = 30_000;
/** An opening that takes longer than this is swallowed somewhere on the way. */
const OPENS_WITHIN_MS = 10_000;
/** The server says that it is there every twenty seconds; a feed that is silent for longer has lost its network. */
const SILENCE_MS = 50_000;
/** A server of an earlier release doesn't want to be told anything. */
const NOT_EXPECTED = 1003;
/** A socket that lived so long was well: the next attempt is a first one again. */
const WELL_AFTER_MS = 20_000;

function readEvent(data: unknown): LiveEvent | null {
  if (typeof data !== "string") return null;
  try {
    const told: unknown = JSON.parse(data);
    if (typeof told !== "object" || told === null) return null;
    return typeof (told as { kind?: unknown }).kind === "string" ? (told as LiveEvent) : null;
  } catch {
    return null;
  }
}

export class Feed {
  #wanted: Required<Wanted>;
  #socket: WebSocket | null = null;
  #open = false;
  #where: string | null = null;
  #mute = false;
  #failures = 0;
  #missed = false;
  #cancel: () => void = () => {};
  #ended = false;

  constructor(wanted: Wanted) {
    this.#wanted = {
      open: (url) => new WebSocket(url),
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      chance: Math.random,
      isOnline: () => navigator.onLine,
      ...wanted,
    };
    this.#connect();
  }

  /** The network is back, or somebody looks again: an attempt that is put off is made now. */
  wake(): void {
    if (this.#ended || this.#socket !== null) return;
    this.#cancel();
    this.#connect();
  }

  /** Where this tab is, now and whenever the feed opens again. */
  say(where: string): void {
    this.#where = where;
    this.repeat();
  }

  /** What was said may count for more, or less, than it did. */
  repeat(): void {
    if (!this.#open || this.#mute || this.#where === null) return;
    // A socket that is closing would only complain.
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(this.#where);
  }

  end(): void {
    this.#ended = true;
    this.#open = false;
    this.#cancel();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #connect(): void {
    if (!this.#wanted.isOnline()) {
      this.#again();
      return;
    }
    const socket = this.#wanted.open(this.#wanted.url);
    this.#socket = socket;
    let opened = false;
    let well: () => void = () => {};
    const isMine = () => this.#socket === socket;
    // A close that the network swallows is told minutes later: it counts from here on.
    const lost = () => {
      silent();
      well();
      if (!isMine()) return;
      this.#socket = null;
      this.#open = false;
      this.#missed = true;
      if (opened) this.#wanted.onOpen(false);
      this.#again();
    };
    const giveUp = () => {
      lost();
      socket.close();
    };
    let silent = this.#wanted.after(OPENS_WITHIN_MS, giveUp);
    const heard = () => {
      silent();
      silent = this.#wanted.after(SILENCE_MS, giveUp);
    };

    socket.addEventListener("open", () => {
      if (!isMine()) return;
      opened = true;
      this.#open = true;
      heard();
      well = this.#wanted.after(WELL_AFTER_MS, () => {
        this.#failures = 0;
      });
      this.#wanted.onOpen(true);
      this.repeat();
      if (this.#missed) this.#wanted.onEvent({ kind: "resync" });
      this.#missed = false;
    });
    socket.addEventListener("message", ({ data }: MessageEvent) => {
      if (!isMine()) return;
      heard();
      const event = readEvent(data);
      if (event && event.kind !== "alive") this.#wanted.onEvent(event);
    });
    socket.addEventListener("close", ({ code }: CloseEvent) => {
      if (code === NOT_EXPECTED) this.#mute = true;
      lost();
    });
  }

  #again(): void {
    const spread = 0.5 + this.#wanted.chance();
    const delay = Math.min(FIRST_DELAY_MS * 2 ** this.#failures, MOST_DELAY_MS) * spread;
    this.#failures += 1;
    this.#cancel = this.#wanted.after(delay, () => this.#connect());
  }
}
