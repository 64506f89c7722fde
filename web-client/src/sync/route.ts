/**
 * The socket that the provider is given: a WebSocket where one comes through, else the same over plain HTTP. To the
 * provider it is one socket with one life; which way it took is nobody's concern but the state line's.
 */
import { PostedSocket } from "./posted";
import { choice, choose, ended, endingOf, first, opened, type Way } from "./ways";

/** Some networks swallow the question instead of refusing it: after this the other way is tried beside it. */
const PATIENCE_MS = 4000;
/** And some let it open and carry nothing: after this without an answer it is none. */
const ANSWER_WITHIN_MS = 15_000;
/** So long the old connection stays when a new one takes its place: to the others nobody has left. */
const LINGER_MS = 3000;

type Inner = WebSocket | PostedSocket;

export class RoutedSocket extends EventTarget {
  binaryType = "arraybuffer";
  readonly extensions = "";
  readonly protocol = "";

  #tried = new Map<Way, Inner>();
  #lost = new Set<Way>();
  /** The way that is open, and since when. */
  #way: Way | null = null;
  #openedAt = 0;
  #heard = false;
  /** Closed by this side. */
  #left = false;
  #closed = false;
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly url: string) {
    super();
    const way = first(choice());
    this.#try(way);
    if (way === "direct") this.#patience = setTimeout(() => this.#tryOther(way), PATIENCE_MS);
  }

  get #inner(): Inner | undefined {
    return this.#way === null ? undefined : this.#tried.get(this.#way);
  }

  get readyState(): number {
    if (this.#closed) return WebSocket.CLOSED;
    return this.#inner?.readyState ?? WebSocket.CONNECTING;
  }

  get bufferedAmount(): number {
    return this.#inner?.bufferedAmount ?? 0;
  }

  send(data: ArrayBuffer | Uint8Array<ArrayBuffer>): void {
    this.#inner?.send(data);
    if (this.#way === "direct" && !this.#heard && this.#patience === undefined) {
      this.#patience = setTimeout(() => this.#mute(), ANSWER_WITHIN_MS);
    }
  }

  close(code?: number, reason?: string): void {
    this.#left = true;
    this.#stopWaiting();
    if (this.#inner) {
      this.#inner.close(code, reason);
      return;
    }
    for (const inner of this.#tried.values()) inner.close(code, reason);
    setTimeout(() => this.#end(1006, "", false), 0);
  }

  /** Makes the leave-taking of a slow connection wait, for another takes its place at once. */
  linger(): void {
    if (this.#inner instanceof PostedSocket) this.#inner.lingerMs = LINGER_MS;
  }

  #try(way: Way): void {
    if (this.#closed || this.#left || this.#way || this.#tried.has(way)) return;
    const inner = way === "direct" ? new WebSocket(this.url) : new PostedSocket(this.url);
    inner.binaryType = "arraybuffer";
    this.#tried.set(way, inner);
    inner.addEventListener("open", () => this.#onOpen(way, inner));
    inner.addEventListener("message", (event) => this.#onMessage(way, event as MessageEvent));
    inner.addEventListener("close", (event) => this.#onClose(way, event as CloseEvent));
  }

  #tryOther(way: Way): void {
    this.#stopWaiting();
    if (navigator.onLine) this.#try(way === "direct" ? "posted" : "direct");
  }

  #stopWaiting(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  #onOpen(way: Way, inner: Inner): void {
    if (this.#closed || this.#way) {
      inner.close();
      return;
    }
    this.#stopWaiting();
    this.#way = way;
    this.#openedAt = Date.now();
    for (const [other, loser] of this.#tried) {
      if (other !== way) loser.close();
    }
    choose(opened(choice(), way, this.#openedAt));
    this.dispatchEvent(new Event("open"));
  }

  #onMessage(way: Way, event: MessageEvent): void {
    if (this.#way !== way) return;
    if (!this.#heard) {
      this.#heard = true;
      this.#stopWaiting();
    }
    this.dispatchEvent(new MessageEvent("message", { data: event.data }));
  }

  #onClose(way: Way, { code, reason, wasClean }: CloseEvent): void {
    if (this.#closed || (this.#left && !this.#way)) return;
    if (this.#way === way) {
      const life = { ms: Date.now() - this.#openedAt, clean: wasClean, left: this.#left };
      if (way === "direct" && navigator.onLine) choose(ended(choice(), endingOf(life)));
      this.#end(code, reason, wasClean);
      return;
    }
    if (this.#way) return;
    this.#lost.add(way);
    this.#tryOther(way);
    // The other one may still open.
    if (this.#lost.size < this.#tried.size) return;
    this.dispatchEvent(new Event("error"));
    this.#end(code || 1006, reason, false);
  }

  /** Open, and nothing comes through. */
  #mute(): void {
    const inner = this.#inner;
    if (this.#closed || this.#heard || !inner) return;
    if (navigator.onLine) choose(ended(choice(), "mute"));
    this.#end(1006, "", false);
    inner.close();
  }

  #end(code: number, reason: string, wasClean: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopWaiting();
    this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean }));
  }
}
