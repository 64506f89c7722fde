import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { comesThrough, keepLooking } from "./look";
import { choice, choose, opened, START } from "./ways";

/** One attempt of either kind, whose fate the test decides. */
class Fake extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 3;
  static made: Fake[] = [];
  binaryType = "";
  readyState = 0;
  bufferedAmount = 0;
  lingerMs = 0;
  sent: unknown[] = [];
  readonly url: string;

  constructor(url: string) {
    super();
    this.url = url;
    Fake.made.push(this);
  }
  send(data: unknown): void {
    this.sent.push(data);
  }
  close(): void {
    this.end(1000, true);
  }
  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }
  say(...bytes: number[]): void {
    this.dispatchEvent(new MessageEvent("message", { data: Uint8Array.from(bytes).buffer }));
  }
  end(code = 1006, wasClean = false): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatchEvent(new CloseEvent("close", { code, wasClean }));
  }
}
class Direct extends Fake {}
class Posted extends Fake {}

vi.mock("./posted", () => ({
  get PostedSocket() {
    return Posted;
  },
}));
const { RoutedSocket } = await import("./route");

const all = <Kind extends Fake>(kind: new (url: string) => Kind) =>
  Fake.made.filter((one) => one instanceof kind);
const last = (kind: new (url: string) => Fake) => all(kind).at(-1) as Fake;

function connect() {
  const socket = new RoutedSocket("ws://unisson.example/collab");
  const events: string[] = [];
  for (const kind of ["open", "error", "close", "message"])
    socket.addEventListener(kind, () => events.push(kind));
  return { socket, events };
}

let online: boolean;
beforeEach(() => {
  Fake.made = [];
  online = true;
  choose(START);
  vi.stubGlobal("WebSocket", Direct);
  vi.spyOn(navigator, "onLine", "get").mockImplementation(() => online);
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("where a WebSocket opens there is nothing else", () => {
  const { socket, events } = connect();
  expect(socket.readyState).toBe(0);
  last(Direct).open();
  last(Direct).say(1);
  vi.advanceTimersByTime(60_000);
  expect(socket.readyState).toBe(1);
  expect(events).toEqual(["open", "message"]);
  expect(all(Posted)).toEqual([]);
  expect(choice().way).toBe("direct");
});

test("refused, it goes the other way in the same breath, and remembers", () => {
  const { socket, events } = connect();
  last(Direct).end();
  expect(events).toEqual([]);
  last(Posted).open();
  expect(events).toEqual(["open"]);
  socket.send(Uint8Array.of(1));
  expect(last(Posted).sent).toHaveLength(1);
  expect(choice().way).toBe("posted");

  connect();
  expect(all(Direct)).toHaveLength(1);
  expect(all(Posted)).toHaveLength(2);
});

test("swallowed, the other way is tried beside it, and the first to open has it", () => {
  const { events } = connect();
  vi.advanceTimersByTime(4000);
  last(Posted).open();
  expect(events).toEqual(["open"]);
  expect(last(Direct).readyState).toBe(3);

  choose(START);
  const late = connect();
  vi.advanceTimersByTime(4000);
  last(Direct).open();
  expect(late.events).toEqual(["open"]);
  expect(last(Posted).readyState).toBe(3);
  expect(choice().way).toBe("direct");
});

test("with both ways closed it is closed, and nothing is concluded from that", () => {
  const { socket, events } = connect();
  last(Direct).end();
  last(Posted).end();
  expect(events).toEqual(["error", "close"]);
  expect(socket.readyState).toBe(3);
  expect(choice()).toBe(START);
});

test("offline there is no other way", () => {
  online = false;
  const { events } = connect();
  last(Direct).end();
  expect(events).toEqual(["error", "close"]);
  expect(all(Posted)).toEqual([]);
});

test("a slow way that is closed leads back to the direct one", () => {
  choose(opened(START, "posted", 0));
  const { events } = connect();
  expect(all(Direct)).toEqual([]);
  last(Posted).end();
  last(Direct).open();
  expect(events).toEqual(["open"]);
  expect(choice().way).toBe("direct");
});

test("two that die young, or one that carries nothing, send it the other way", () => {
  for (const round of [1, 2]) {
    connect();
    last(Direct).open();
    last(Direct).say(1);
    vi.advanceTimersByTime(2000);
    last(Direct).end();
    expect(all(Posted)).toHaveLength(0);
    expect(choice().deaths).toBe(round);
  }
  connect();
  expect(all(Posted)).toHaveLength(1);

  choose(START);
  const { socket, events } = connect();
  last(Direct).open();
  socket.send(Uint8Array.of(1));
  vi.advanceTimersByTime(15_000);
  expect(events).toEqual(["open", "close"]);
  connect();
  expect(all(Posted)).toHaveLength(2);
});

test("closed by this side while it opens, nothing stays behind", () => {
  const { socket, events } = connect();
  socket.close();
  vi.advanceTimersByTime(10_000);
  expect(events).toEqual(["close"]);
  expect(Fake.made.every((one) => one.readyState === 3)).toBe(true);
  expect(all(Posted)).toEqual([]);
});

test("a look is a frame there and one back", async () => {
  const through = comesThrough("ws://unisson.example/collab");
  last(Direct).open();
  expect(last(Direct).sent).toEqual([Uint8Array.of(9)]);
  last(Direct).say(10);
  expect(await through).toBe(true);
  const swallowed = comesThrough("ws://unisson.example/collab");
  last(Direct).open();
  vi.advanceTimersByTime(5000);
  expect(await swallowed).toBe(false);
});

test("it goes back when the direct way is open and nothing is on its way, and never looks offline", async () => {
  let quiet = false;
  const goBack = vi.fn();
  choose(opened(choice(), "posted", Date.now()));
  keepLooking("ws://unisson.example/collab", () => quiet, goBack);
  online = false;
  await vi.advanceTimersByTimeAsync(20_000);
  expect(all(Direct)).toEqual([]);
  online = true;
  window.dispatchEvent(new Event("online"));
  last(Direct).end();
  await vi.advanceTimersByTimeAsync(59_000);
  expect(all(Direct)).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2000);
  last(Direct).open();
  last(Direct).say(10);
  await vi.advanceTimersByTimeAsync(3000);
  expect(goBack).not.toHaveBeenCalled();
  quiet = true;
  await vi.advanceTimersByTimeAsync(1000);
  expect(goBack).toHaveBeenCalledTimes(1);
  expect(choice().way).toBe("direct");
});
