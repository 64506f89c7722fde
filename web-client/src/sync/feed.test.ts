import { beforeEach, expect, test } from "vitest";
import { Feed, type LiveEvent } from "./feed";

class FakeSocket extends EventTarget {
  static made: FakeSocket[] = [];
  closed = false;
  constructor(readonly url: string) {
    super();
    FakeSocket.made.push(this);
  }
  sent: string[] = [];
  get readyState(): number {
    return this.closed ? WebSocket.CLOSED : WebSocket.OPEN;
  }
  send(text: string): void {
    this.sent.push(text);
  }
  close(code = 1006): void {
    if (this.closed) return;
    this.closed = true;
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }
  tell(data: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
  opens(): void {
    this.dispatchEvent(new Event("open"));
  }
}

/** Time that passes when told to. */
class Clock {
  #now = 0;
  #due: { at: number; run: () => void }[] = [];
  after = (ms: number, run: () => void) => {
    const entry = { at: this.#now + ms, run };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((one) => one !== entry);
    };
  };
  pass(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#due.filter((one) => one.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#due = this.#due.filter((one) => one !== next);
      this.#now = next.at;
      next.run();
    }
    this.#now = until;
  }
}

let clock: Clock;
let heard: LiveEvent[];
let states: boolean[];

function start(chance = 0.5): Feed {
  return new Feed({
    url: "ws://here/live",
    onEvent: (event) => heard.push(event),
    onOpen: (open) => states.push(open),
    open: (url) => new FakeSocket(url) as unknown as WebSocket,
    after: clock.after,
    chance: () => chance,
  });
}

const last = () => FakeSocket.made.at(-1) as FakeSocket;

beforeEach(() => {
  clock = new Clock();
  heard = [];
  states = [];
  FakeSocket.made = [];
});

test("what is told arrives; what is no event is passed over", () => {
  start();
  last().opens();
  last().tell('{"kind":"request","id":"r"}');
  last().tell("not json");
  last().tell('"kind"');
  last().tell('{"no":"kind"}');
  last().tell(new ArrayBuffer(1));
  expect(heard).toEqual([{ kind: "request", id: "r" }]);
  expect(states).toEqual([true]);
});

test("after a gap everything is asked again, the first time nothing is", () => {
  start();
  last().opens();
  expect(heard).toEqual([]);
  last().close();
  expect(states).toEqual([true, false]);
  clock.pass(1000);
  expect(FakeSocket.made).toHaveLength(2);
  expect(heard).toEqual([]);
  last().opens();
  expect(heard).toEqual([{ kind: "resync" }]);
  expect(states).toEqual([true, false, true]);
});

test("attempts get rarer up to half a minute, each spread by chance", () => {
  for (const chance of [0, 1]) {
    FakeSocket.made = [];
    clock = new Clock();
    const feed = start(chance);
    const spread = 0.5 + chance;
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      const before = FakeSocket.made.length;
      last().close();
      clock.pass(seconds * 1000 * spread - 1);
      expect(FakeSocket.made.length, `${seconds} s`).toBe(before);
      clock.pass(1);
      expect(FakeSocket.made.length, `${seconds} s`).toBe(before + 1);
    }
    feed.end();
  }
});

test("a socket that lived makes the next attempt a first one again", () => {
  start();
  for (const seconds of [1, 2, 4, 8]) {
    last().close();
    clock.pass(seconds * 1000);
  }
  last().opens();
  clock.pass(20_000);
  last().close();
  const before = FakeSocket.made.length;
  clock.pass(1000);
  expect(FakeSocket.made.length).toBe(before + 1);
});

test("an opening that is swallowed is given up", () => {
  start();
  clock.pass(10_000);
  expect(last().closed).toBe(true);
});

test("a feed that falls silent has lost its network; a sign of life is no event", () => {
  start();
  last().opens();
  for (let at = 0; at < 5; at += 1) {
    clock.pass(20_000);
    last().tell('{"kind":"alive"}');
  }
  expect(heard).toEqual([]);
  expect(FakeSocket.made).toHaveLength(1);
  clock.pass(50_000);
  expect(last().closed).toBe(true);
  expect(states).toEqual([true, false]);
  clock.pass(1000);
  expect(FakeSocket.made).toHaveLength(2);
});

test("whoever looks again needn't wait; an open socket is left alone", () => {
  const feed = start();
  feed.wake();
  expect(FakeSocket.made).toHaveLength(1);
  last().close();
  feed.wake();
  expect(FakeSocket.made).toHaveLength(2);
  last().opens();
  // The attempt that was put off is not made as well.
  clock.pass(40_000);
  expect(FakeSocket.made).toHaveLength(2);
  expect(states.at(-1)).toBe(true);
});

test("without a network nothing is tried; when it is back, at once", () => {
  let online = false;
  const feed = new Feed({
    url: "ws://here/live",
    onEvent: (event) => heard.push(event),
    onOpen: (open) => states.push(open),
    open: (url) => new FakeSocket(url) as unknown as WebSocket,
    after: clock.after,
    chance: () => 0.5,
    isOnline: () => online,
  });
  clock.pass(300_000);
  expect(FakeSocket.made).toHaveLength(0);
  online = true;
  feed.wake();
  expect(FakeSocket.made).toHaveLength(1);
});

test("after the end nothing more is heard or tried", () => {
  const feed = start();
  const socket = last();
  socket.opens();
  feed.end();
  socket.tell('{"kind":"me"}');
  clock.pass(120_000);
  feed.wake();
  expect(FakeSocket.made).toHaveLength(1);
  expect(heard).toEqual([]);
});

test("where the tab is is said when the feed opens, when it changes, and again on the next socket", () => {
  const feed = start();
  feed.say("one");
  expect(last().sent).toEqual([]);
  last().opens();
  feed.say("two");
  feed.repeat();
  expect(last().sent).toEqual(["one", "two", "two"]);
  last().close();
  feed.say("three");
  clock.pass(2_000);
  last().opens();
  expect(last().sent).toEqual(["three"]);
});

test("a server that doesn't want to be told is told no more", () => {
  const feed = start();
  feed.say("one");
  last().opens();
  last().close(1003);
  clock.pass(2_000);
  last().opens();
  feed.say("two");
  expect(last().sent).toEqual([]);
});
