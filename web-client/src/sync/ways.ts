/**
 * Which way this tab reaches the server: directly by WebSocket, or by requests where a network lets none through.
 * What is known is kept for the session of the browser, and doubted now and then.
 */

export type Way = "direct" | "posted";

export type Choice = {
  way: Way;
  /** WebSockets in a row that opened and did not last. */
  deaths: number;
  /** When to look whether the direct way is open again (ms), and how often that was in vain. */
  lookAt: number;
  looks: number;
};

export const START: Choice = { way: "direct", deaths: 0, lookAt: 0, looks: 0 };

/** A first look soon, for perhaps the server was only away for a moment. */
const LOOKS_MS = [10_000, 60_000, 180_000, 600_000];
/** A WebSocket that lives longer than this is one. */
const LIFE_MS = 10_000;
const DEATHS = 2;

function nextLook(looks: number, now: number): number {
  return now + (LOOKS_MS[Math.min(looks, LOOKS_MS.length - 1)] ?? 0);
}

/** The way to try first. */
export function first(choice: Choice): Way {
  return choice.deaths >= DEATHS ? "posted" : choice.way;
}

/** A connection is open on this way. */
export function opened(choice: Choice, way: Way, now: number): Choice {
  if (way === choice.way) return choice;
  return way === "direct" ? START : { way, deaths: 0, lookAt: nextLook(0, now), looks: 0 };
}

/** How a WebSocket ended: as it should, soon and without a word, or without having carried anything. */
export type Ending = "well" | "early" | "mute";

export function endingOf(life: { ms: number; clean: boolean; left: boolean }): Ending {
  return !life.left && !life.clean && life.ms < LIFE_MS ? "early" : "well";
}

export function ended(choice: Choice, ending: Ending): Choice {
  if (ending === "well") return choice.deaths === 0 ? choice : { ...choice, deaths: 0 };
  return { ...choice, deaths: ending === "mute" ? DEATHS : choice.deaths + 1 };
}

/** The direct way was looked at, in vain. */
export function lookedInVain(choice: Choice, now: number): Choice {
  const looks = choice.looks + 1;
  return { ...choice, looks, lookAt: nextLook(looks, now) };
}

const KEY = "unisson/way";

function read(): Choice {
  try {
    const { lookAt, looks } = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Choice;
    return { way: "posted", deaths: 0, lookAt: Number(lookAt) || 0, looks: Number(looks) || 0 };
  } catch {
    return START;
  }
}

let present: Choice | null = null;
const listeners = new Set<() => void>();

export function choice(): Choice {
  present ??= read();
  return present;
}

export function choose(next: Choice): void {
  const before = choice();
  if (next === before) return;
  present = next;
  try {
    if (next.way === "posted") sessionStorage.setItem(KEY, JSON.stringify(next));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Kept for this page alone.
  }
  if (next.way !== before.way) for (const listener of listeners) listener();
}

export function onWay(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
