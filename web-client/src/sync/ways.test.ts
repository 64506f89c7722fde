import { beforeEach, expect, test, vi } from "vitest";
import { choice, choose, ended, endingOf, first, lookedInVain, onWay, opened, START } from "./ways";

beforeEach(() => choose(START));

test("a WebSocket that opens is the way, whatever was before", () => {
  expect(first(START)).toBe("direct");
  expect(opened(START, "direct", 0)).toBe(START);
  const slow = opened(START, "posted", 1000);
  expect(first(slow)).toBe("posted");
  expect(slow.lookAt).toBe(11_000);
  expect(opened(slow, "direct", 2000)).toEqual(START);
});

test("looks grow rare: soon, after a minute, then every ten", () => {
  let slow = opened(START, "posted", 0);
  const waits = [1, 2, 3, 4].map(() => {
    slow = lookedInVain(slow, 0);
    return slow.lookAt;
  });
  expect(waits).toEqual([60_000, 180_000, 600_000, 600_000]);
});

test("one early end is an accident, two in a row are a network that lets none through", () => {
  const early = endingOf({ ms: 300, clean: false, left: false });
  const once = ended(START, early);
  expect(first(once)).toBe("direct");
  expect(first(ended(once, early))).toBe("posted");
  const long = endingOf({ ms: 60_000, clean: false, left: false });
  expect(first(ended(ended(once, long), early))).toBe("direct");
  expect(endingOf({ ms: 300, clean: true, left: false })).toBe("well");
  expect(endingOf({ ms: 300, clean: false, left: true })).toBe("well");
  expect(first(ended(START, "mute"))).toBe("posted");
});

test("the slow way is remembered for the session, and forgotten when the direct one is open again", async () => {
  const heard = vi.fn();
  const stop = onWay(heard);
  choose(opened(choice(), "posted", Date.now()));
  expect(heard).toHaveBeenCalledTimes(1);
  choose(lookedInVain(choice(), Date.now()));
  expect(heard).toHaveBeenCalledTimes(1);
  vi.resetModules();
  const reloaded = await import("./ways");
  expect(reloaded.choice()).toMatchObject({ way: "posted", looks: 1 });
  reloaded.choose(START);
  vi.resetModules();
  expect((await import("./ways")).choice().way).toBe("direct");
  stop();
});
