/**
 * A WebSocket's face over plain HTTP, for networks that let no WebSocket through: requests carry frames up, one event
 * stream brings them down. What the server does is described in docs/API.md.
 *
 * Invariants: one request up at a time, and it begins where the last confirmed one ended, so that a repeated one is taken
 * once; a stream that broke is taken up behind the last event, so that no frame is lost or handed out twice. This file
 * imports nothing, so that the tests of other programs can use it as it is.
 */

const HEAD_BYTES = 4;
/** Browsers let so much go on its way while the page closes. */
const LAST_WORD_BYTES = 60_000;
const OPEN_WITHIN_MS = 10_000;
const POST_WITHIN_MS = 15_000;
/** The server's comments come more often. */
const STREAM_SILENCE_MS = 30_000;
const PAUSES_MS = [250, 500, 1000, 2000];
/** Asking again later may help. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

type Opened = { piece_bytes: number; window_bytes: number; speak_every_ms: number; resume_within_ms: number };
type Said = { id: number; event: string; data: string };

/** Reads an event stream as it comes in, however it is cut. */
export class EventReader {
  #decoder = new TextDecoder();
  /** Pieces of a line that is not over. */
  #line: string[] = [];
  #id = 0;
  #event = "";
  #data: string[] = [];

  *read(bytes: Uint8Array): Generator<Said> {
    const lines = this.#decoder.decode(bytes, { stream: true }).split("\n");
    const last = lines.pop() ?? "";
    for (const end of lines) {
      this.#line.push(end);
      const line = this.#line.join("");
      this.#line = [];
      const said = this.#take(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (said) yield said;
    }
    if (last !== "") this.#line.push(last);
  }

  #take(line: string): Said | null {
    if (line === "") {
      const said = { id: this.#id, event: this.#event, data: this.#data.join("\n") };
      const something = this.#data.length > 0;
      this.#event = "";
      this.#data = [];
      return something ? said : null;
    }
    const [, field, value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === "id") this.#id = Number(value);
    else if (field === "event") this.#event = value;
    else if (field === "data") this.#data.push(value);
    return null;
  }
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return bytes;
}

/** 256 bits that nobody guesses. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes)).replace(
    /[+/=]/g,
    (sign) => ({ "+": "-", "/": "_" })[sign] ?? "",
  );
}

/** Browsers have a class of that name; other programs may not. */
class Closed extends Event {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;

  constructor(code: number, reason: string, wasClean: boolean) {
    super("close");
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
  }
}

/** The server's word that a connection is over, or was never there. */
class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

async function refusal(answer: Response): Promise<Refused> {
  const said: unknown = await answer.json().catch(() => null);
  const code = typeof said === "object" && said !== null ? (said as { code?: unknown }).code : null;
  return new Refused(answer.status, typeof code === "string" ? code : `http-${answer.status}`);
}

export class PostedSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;

  binaryType = "arraybuffer";
  readyState: number = PostedSocket.CONNECTING;
  readonly url: string;
  readonly extensions = "";
  readonly protocol = "";
  /** The leave-taking waits so long, so that another connection of the same person can be there first. */
  lingerMs = 0;

  #address: string;
  #headers: Record<string, string>;
  #limits: Opened = {
    piece_bytes: 256 << 10,
    window_bytes: 1 << 20,
    speak_every_ms: 20_000,
    resume_within_ms: 30_000,
  };
  #ended = new AbortController();
  /** What goes up and is not confirmed, and where in the stream it begins. */
  #backlog: Uint8Array<ArrayBuffer>[] = [];
  #at = 0;
  #speaking = false;
  #wanted = false;
  #spokeAt = Date.now();
  /** The last event, and how many bytes came since the server was told. */
  #seen = 0;
  #untold = 0;
  /** When something last came back. */
  #contactAt = Date.now();
  #onPageHide = () => this.close(1001);

  constructor(url: string | URL, headers: Record<string, string> = {}) {
    super();
    this.url = String(url);
    const address = new URL(url);
    this.#address = `${address.origin.replace(/^ws/, "http")}${address.pathname.replace(/\/+$/, "")}/http/${newId()}`;
    this.#headers = headers;
    if (typeof window !== "undefined") window.addEventListener("pagehide", this.#onPageHide);
    void this.#open();
  }

  get bufferedAmount(): number {
    return this.#backlog.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  send(data: ArrayBuffer | ArrayBufferView): void {
    if (this.readyState === PostedSocket.CONNECTING) {
      throw new DOMException("the connection is not open yet", "InvalidStateError");
    }
    if (this.readyState !== PostedSocket.OPEN) return;
    const frame = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data);
    const framed = new Uint8Array(HEAD_BYTES + frame.length);
    new DataView(framed.buffer).setUint32(0, frame.length);
    framed.set(frame, HEAD_BYTES);
    this.#backlog.push(framed);
    this.#speak();
  }

  close(code = 1000, reason = ""): void {
    if (this.readyState >= PostedSocket.CLOSING) return;
    const wasOpen = this.readyState === PostedSocket.OPEN;
    this.readyState = PostedSocket.CLOSING;
    this.#ended.abort();
    if (wasOpen && this.lingerMs > 0) setTimeout(() => void this.#takeLeave(), this.lingerMs);
    else void this.#takeLeave();
    setTimeout(() => this.#finish(code, reason, true), 0);
  }

  #ask(path: string, init: RequestInit): Promise<Response> {
    return fetch(this.#address + path, {
      cache: "no-store",
      credentials: "same-origin",
      ...init,
      headers: { ...this.#headers, ...init.headers },
    });
  }

  async #open(): Promise<void> {
    const late = setTimeout(() => this.#fail(), OPEN_WITHIN_MS);
    this.addEventListener("open", () => clearTimeout(late), { once: true });
    this.#ended.signal.addEventListener("abort", () => clearTimeout(late));
    try {
      const answer = await this.#ask("/open", { method: "POST", signal: this.#ended.signal });
      if (!answer.ok) throw await refusal(answer);
      this.#limits = { ...this.#limits, ...((await answer.json()) as Opened) };
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#contactAt = Date.now();
    await this.#listen();
  }

  /** Over, without a word of the server's about why. */
  #fail(error?: unknown): void {
    if (this.readyState >= PostedSocket.CLOSING) return;
    if (this.readyState === PostedSocket.CONNECTING) void this.#takeLeave();
    const again = error instanceof Refused && error.status === 429;
    this.dispatchEvent(new Event("error"));
    this.#finish(again ? 1013 : 1006, error instanceof Refused ? error.code : "", false);
  }

  #finish(code: number, reason: string, wasClean: boolean): void {
    if (this.readyState === PostedSocket.CLOSED) return;
    this.readyState = PostedSocket.CLOSED;
    this.#ended.abort();
    if (typeof window !== "undefined") window.removeEventListener("pagehide", this.#onPageHide);
    this.dispatchEvent(new Closed(code, reason, wasClean));
  }

  /** Waits before the `tries`-th attempt; false when there is no use in one. */
  async #mayTryAgain(tries: number): Promise<boolean> {
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]);
      this.#ended.signal.addEventListener(
        "abort",
        () => {
          clearTimeout(timer);
          resolve(null);
        },
        { once: true },
      );
    });
    return !this.#ended.signal.aborted && Date.now() - this.#contactAt < this.#limits.resume_within_ms;
  }

  async #listen(): Promise<void> {
    for (let tries = 0; ; tries++) {
      const before = this.#contactAt;
      try {
        await this.#stream();
      } catch (error) {
        if (error instanceof Refused) {
          this.#fail(error);
          return;
        }
      }
      // A stream that brought something broke off by the way: go on at once.
      if (this.#contactAt > before) tries = 0;
      if (this.#ended.signal.aborted) return;
      if (!(await this.#mayTryAgain(tries))) {
        this.#fail();
        return;
      }
    }
  }

  /** One event stream, to its end. */
  async #stream(): Promise<void> {
    const silence = new AbortController();
    let watch = setTimeout(() => silence.abort(), STREAM_SILENCE_MS);
    try {
      const answer = await this.#ask(`/events?after=${this.#seen}`, {
        headers: { accept: "text/event-stream" },
        signal: AbortSignal.any([this.#ended.signal, silence.signal]),
      });
      if (!answer.ok && !PASSING.has(answer.status)) throw await refusal(answer);
      if (!answer.ok || !answer.body) return;
      const events = new EventReader();
      const reader = answer.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(watch);
        watch = setTimeout(() => silence.abort(), STREAM_SILENCE_MS);
        this.#contactAt = Date.now();
        if (this.readyState === PostedSocket.CONNECTING) {
          this.readyState = PostedSocket.OPEN;
          this.dispatchEvent(new Event("open"));
        }
        for (const said of events.read(value)) this.#hear(said);
        // A tab in the background has no timers worth the name; the server's comments keep this one awake.
        const due = this.#limits.speak_every_ms * 0.75;
        if (this.#untold >= this.#limits.window_bytes / 8 || Date.now() - this.#spokeAt >= due) this.#speak();
      }
    } finally {
      clearTimeout(watch);
      silence.abort();
    }
  }

  #hear({ id, event, data }: Said): void {
    if (this.readyState !== PostedSocket.OPEN) return;
    if (event === "close") {
      const { code, reason } = JSON.parse(data) as { code: number; reason: string };
      this.#finish(code, reason, true);
      return;
    }
    if (id <= this.#seen) return;
    const frame = fromBase64(data);
    this.#seen = id;
    this.#untold += frame.length;
    this.dispatchEvent(new MessageEvent("message", { data: frame.buffer }));
  }

  #speak(): void {
    this.#wanted = true;
    if (this.#speaking) return;
    this.#speaking = true;
    // What is said in one turn goes together.
    queueMicrotask(() => void this.#speakOn());
  }

  async #speakOn(): Promise<void> {
    for (
      let tries = 0;
      (this.#wanted || this.#backlog.length > 0) && this.readyState === PostedSocket.OPEN;
    ) {
      this.#wanted = false;
      try {
        await this.#post(AbortSignal.any([this.#ended.signal, AbortSignal.timeout(POST_WITHIN_MS)]));
        tries = 0;
        continue;
      } catch (error) {
        if (this.#ended.signal.aborted) break;
        if (error instanceof Refused) {
          this.#fail(error);
          break;
        }
      }
      this.#wanted = true;
      if (!(await this.#mayTryAgain(tries++))) {
        this.#fail();
        break;
      }
    }
    this.#speaking = false;
  }

  /** Carries the next piece up, and tells what has come down. */
  async #post(signal: AbortSignal | null, last = false): Promise<void> {
    const piece = this.#piece(last ? LAST_WORD_BYTES : this.#limits.piece_bytes);
    const seen = this.#seen;
    this.#spokeAt = Date.now();
    const answer = await this.#ask(`?at=${this.#at}&seen=${seen}${last ? "&end=true" : ""}`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: piece,
      signal,
      keepalive: last,
    });
    if (!answer.ok) {
      const refused = await refusal(answer);
      // The same piece again: the one before it was taken for lost.
      if (PASSING.has(answer.status) || refused.code === "replaced") throw new Error(refused.code);
      throw refused;
    }
    this.#contactAt = Date.now();
    this.#untold = 0;
    this.#drop(piece.length);
  }

  /** The beginning of the backlog, at most so many bytes. */
  #piece(most: number): Uint8Array<ArrayBuffer> {
    const piece = new Uint8Array(Math.min(most, this.bufferedAmount));
    let filled = 0;
    for (const bytes of this.#backlog) {
      if (filled === piece.length) break;
      const part = bytes.subarray(0, piece.length - filled);
      piece.set(part, filled);
      filled += part.length;
    }
    return piece;
  }

  #drop(count: number): void {
    this.#at += count;
    let left = count;
    while (left > 0) {
      const first = this.#backlog[0];
      if (!first) return;
      if (first.length > left) this.#backlog[0] = first.subarray(left);
      else this.#backlog.shift();
      left -= first.length;
    }
  }

  /** Sends what is still to be sent, and says that nothing comes behind it. */
  async #takeLeave(): Promise<void> {
    try {
      while (this.bufferedAmount > LAST_WORD_BYTES) await this.#post(AbortSignal.timeout(POST_WITHIN_MS));
      await this.#post(null, true);
    } catch {
      // The server finds out by itself.
    }
  }
}
