import { describe, expect, test } from "vitest";
import { type Facts, isInMemoryOnly, line, type SavedEvent, START, step } from "./saved";

const having = (...events: SavedEvent[]): Facts => events.reduce(step, START);
const said = (facts: Facts, now = 0, away = false) => line(facts, now, away);

const OPEN: SavedEvent[] = [
  { kind: "loaded", pending: 0, at: 0 },
  { kind: "opened" },
  { kind: "counted", unacknowledged: 1 },
  { kind: "granted", scope: "write" },
  { kind: "synced", synced: true },
  { kind: "counted", unacknowledged: 0 },
];

describe("the state line", () => {
  test("says nothing before the first exchange is over", () => {
    expect(said(START).kind).toBe("opening");
    expect(said(having(...OPEN.slice(0, 5))).kind).toBe("opening");
  });

  test("is not saved while the copy on this device has not been read", () => {
    expect(said(having(...OPEN.slice(1))).kind).toBe("opening");
  });

  test("is saved once opened, exchanged, read and acknowledged", () => {
    expect(said(having(...OPEN))).toEqual({ kind: "saved" });
  });

  test("is no longer saved in the turn of an edit, and says saving only after a second", () => {
    const facts = having(...OPEN, { kind: "edited", at: 5000 });
    expect(said(facts, 5000).kind).toBe("writing");
    expect(said(facts, 5999).kind).toBe("writing");
    expect(said(facts, 6000).kind).toBe("saving");
  });

  test("waits for the acknowledgement of every message", () => {
    const two = having(
      ...OPEN,
      { kind: "edited", at: 0 },
      { kind: "counted", unacknowledged: 1 },
      { kind: "edited", at: 10 },
      { kind: "counted", unacknowledged: 2 },
      { kind: "counted", unacknowledged: 1 },
    );
    expect(said(two, 20).kind).toBe("writing");
    expect(two.pending).toBe(2);
    const done = step(two, { kind: "counted", unacknowledged: 0 });
    expect(said(done)).toEqual({ kind: "saved" });
    expect(done.pending).toBe(0);
  });

  test("counts offline what is kept here, and keeps counting from before a reload", () => {
    const cut = having(...OPEN, { kind: "closed" }, { kind: "edited", at: 1 }, { kind: "edited", at: 2 });
    expect(said(cut, 3)).toEqual({ kind: "offline", changes: 0 });
    expect(said(step(cut, { kind: "stored", pending: 2 }), 3)).toEqual({ kind: "offline", changes: 2 });
    const reloaded = having(
      { kind: "closed" },
      { kind: "loaded", pending: 14, at: 0 },
      { kind: "edited", at: 1 },
      { kind: "stored", pending: 15 },
    );
    expect(said(reloaded, 2)).toEqual({ kind: "offline", changes: 15 });
  });

  test("a counter at zero says nothing while the socket is away or the exchange is not over", () => {
    const edited = having(
      ...OPEN,
      { kind: "closed" },
      { kind: "edited", at: 1 },
      { kind: "stored", pending: 1 },
    );
    const counted = step(edited, { kind: "counted", unacknowledged: 0 });
    expect(said(counted, 2)).toEqual({ kind: "offline", changes: 1 });
    const reopened = step(step(counted, { kind: "opened" }), { kind: "counted", unacknowledged: 0 });
    expect(said(reopened, 5000).kind).toBe("saving");
  });

  test("after a reconnection is saved only when the exchange is acknowledged", () => {
    const back = having(
      ...OPEN,
      { kind: "closed" },
      { kind: "edited", at: 1 },
      { kind: "opened" },
      { kind: "counted", unacknowledged: 1 },
      { kind: "synced", synced: true },
    );
    expect(said(back, 5000).kind).toBe("saving");
    expect(said(step(back, { kind: "counted", unacknowledged: 0 }))).toEqual({ kind: "saved" });
  });

  test("believes the browser about the network only for what is not acknowledged", () => {
    expect(said(having(...OPEN), 0, true)).toEqual({ kind: "saved" });
    expect(said(having(...OPEN, { kind: "edited", at: 0 }), 1, true).kind).toBe("offline");
  });

  test("is read-only for readers, and says so before anything else", () => {
    expect(said(having(...OPEN, { kind: "granted", scope: "read" }))).toEqual({ kind: "readonly" });
  });

  test("says what is lost of sight when a right to write goes with changes under way", () => {
    const lowered = having(
      ...OPEN,
      { kind: "edited", at: 0 },
      { kind: "granted", scope: "read" },
      { kind: "refused", reason: "refused" },
    );
    expect(said(lowered)).toMatchObject({ kind: "failed", reason: "now-readonly", changes: 1 });
  });

  test("says why when the server refuses or closes the door, until it opens again", () => {
    const refused = having(...OPEN, { kind: "edited", at: 0 }, { kind: "refused", reason: "document-full" });
    expect(said(refused)).toMatchObject({ kind: "failed", reason: "refused", code: "document-full" });
    const denied = having(...OPEN, { kind: "denied", reason: "expired" });
    expect(said(denied)).toMatchObject({ kind: "failed", reason: "no-access" });
    expect(said(step(denied, { kind: "granted", scope: "write" })).kind).toBe("opening");
  });

  test("a refusal ends when what was refused is acknowledged after all", () => {
    const away = having(
      ...OPEN,
      { kind: "edited", at: 0 },
      { kind: "counted", unacknowledged: 1 },
      { kind: "refused", reason: "database-away" },
    );
    expect(said(away)).toMatchObject({ kind: "failed", code: "database-away" });
    expect(said(step(away, { kind: "counted", unacknowledged: 0 }))).toEqual({ kind: "saved" });
  });

  test("offline without room on this device is said as such", () => {
    const full = having(
      ...OPEN,
      { kind: "closed" },
      { kind: "edited", at: 1 },
      { kind: "store-failed", reason: "full" },
    );
    expect(said(full, 2)).toMatchObject({ kind: "failed", reason: "device-full", changes: 1 });
    expect(said(step(full, { kind: "stored", pending: 1 }), 2)).toEqual({ kind: "offline", changes: 1 });
  });
});

describe("leaving the page", () => {
  test("warns only while something is in memory alone", () => {
    const edited = having(...OPEN, { kind: "edited", at: 0 });
    expect(isInMemoryOnly(having(...OPEN))).toBe(false);
    expect(isInMemoryOnly(edited)).toBe(true);
    expect(isInMemoryOnly(step(edited, { kind: "stored", pending: 1 }))).toBe(false);
    expect(isInMemoryOnly(step(edited, { kind: "counted", unacknowledged: 0 }))).toBe(false);
  });
});
