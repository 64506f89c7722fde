/**
 * The state line of a document, as a pure machine: facts change by events, and the words follow from the facts.
 *
 * Invariant: "saved" is said only while the socket is open, the first exchange is over, what this device kept has been
 * read, and the server has acknowledged every change as durably written. Whatever else holds, something else is said.
 */

export type Scope = "write" | "read" | "none";

export type Facts = {
  /** The socket, as this tab sees it. */
  link: "opening" | "open" | "closed";
  synced: boolean;
  /** Messages the server has not yet acknowledged, the opening exchange among them. */
  unacknowledged: number;
  /** The copy on this device has been read into the document. */
  loaded: boolean;
  /** Local changes since the last moment everything was durable on the server. */
  pending: number;
  /** How many of those are safely on this device. */
  stored: number;
  /** Why this device can't keep changes, if it can't. */
  storeFailure: "full" | "closed" | null;
  scope: Scope;
  /** Why the server doesn't take changes or won't open the document, in its own code. */
  refusal: string | null;
  /** When the oldest unsaved change was made (ms), if there is one. */
  since: number | null;
};

export type SavedEvent =
  | { kind: "opening" }
  | { kind: "opened" }
  | { kind: "closed" }
  | { kind: "synced"; synced: boolean }
  | { kind: "counted"; unacknowledged: number }
  | { kind: "edited"; at: number }
  | { kind: "loaded"; pending: number; at: number }
  | { kind: "stored"; pending: number }
  | { kind: "store-failed"; reason: "full" | "closed" }
  | { kind: "granted"; scope: Scope }
  | { kind: "denied"; reason: string }
  | { kind: "refused"; reason: string };

export type Line =
  | { kind: "opening" }
  | { kind: "saved" }
  /** Unsaved for less than a second: not worth a word yet, and no longer "saved". */
  | { kind: "writing" }
  | { kind: "saving" }
  | { kind: "offline"; changes: number }
  | { kind: "readonly" }
  | {
      kind: "failed";
      reason: "device-full" | "device-closed" | "no-access" | "signed-out" | "now-readonly" | "refused";
      changes: number;
      code: string | null;
    };

export const START: Facts = {
  link: "opening",
  synced: false,
  unacknowledged: 0,
  loaded: false,
  pending: 0,
  stored: 0,
  storeFailure: null,
  scope: "write",
  refusal: null,
  since: null,
};

/** Everything typed here is durably on the server. */
export function isDurable(facts: Facts): boolean {
  return (
    facts.link === "open" &&
    facts.synced &&
    facts.loaded &&
    facts.unacknowledged === 0 &&
    facts.refusal === null &&
    facts.scope !== "none"
  );
}

/** Something would be lost if the tab closed now. */
export function isInMemoryOnly(facts: Facts): boolean {
  return facts.pending > 0 && facts.stored < facts.pending && !isDurable(facts);
}

function settle(facts: Facts): Facts {
  if (facts.pending === 0 || !isDurable(facts)) return facts;
  return { ...facts, pending: 0, stored: 0, since: null };
}

export function step(facts: Facts, event: SavedEvent): Facts {
  switch (event.kind) {
    case "opening":
      return { ...facts, link: facts.link === "closed" ? "closed" : "opening", synced: false };
    case "opened":
      return { ...facts, link: "open", synced: false };
    case "closed":
      return { ...facts, link: "closed", synced: false };
    case "synced":
      return settle({ ...facts, synced: event.synced });
    case "counted": {
      // What was refused is owed an acknowledgement until it is written after all: none missing, none refused.
      const paid = event.unacknowledged === 0 && facts.link === "open" && facts.scope === "write";
      return settle({
        ...facts,
        unacknowledged: event.unacknowledged,
        refusal: paid ? null : facts.refusal,
      });
    }
    case "edited":
      // Its message follows in the same turn; until it is counted, the change is not durable.
      return {
        ...facts,
        pending: facts.pending + 1,
        unacknowledged: Math.max(1, facts.unacknowledged),
        since: facts.since ?? event.at,
      };
    case "loaded": {
      const pending = facts.pending + event.pending;
      return settle({
        ...facts,
        loaded: true,
        pending,
        stored: facts.stored + event.pending,
        since: pending > 0 ? (facts.since ?? event.at) : null,
      });
    }
    case "stored":
      return {
        ...facts,
        stored: Math.max(facts.stored, Math.min(event.pending, facts.pending)),
        storeFailure: null,
      };
    case "store-failed":
      return settle({ ...facts, storeFailure: event.reason, loaded: true });
    case "granted":
      return settle({
        ...facts,
        scope: event.scope,
        refusal: event.scope === "write" ? null : facts.refusal,
      });
    case "denied":
      return { ...facts, scope: "none", refusal: event.reason, synced: false };
    case "refused":
      return { ...facts, refusal: event.reason };
  }
}

/** The words for these facts at `now` (ms). `networkAway` is what the browser believes. */
export function line(facts: Facts, now: number, networkAway: boolean): Line {
  const changes = facts.pending;
  if (facts.scope === "none") return { kind: "failed", reason: "no-access", changes, code: facts.refusal };
  if (facts.scope === "read") {
    if (changes > 0 && facts.refusal !== null)
      return { kind: "failed", reason: "now-readonly", changes, code: facts.refusal };
    return { kind: "readonly" };
  }
  if (facts.refusal !== null) return { kind: "failed", reason: "refused", changes, code: facts.refusal };
  if (isDurable(facts)) return { kind: "saved" };
  const away = facts.link === "closed" || (networkAway && (facts.link !== "open" || changes > 0));
  if (away) {
    if (facts.storeFailure !== null && changes > facts.stored) {
      return {
        kind: "failed",
        reason: facts.storeFailure === "full" ? "device-full" : "device-closed",
        changes,
        code: null,
      };
    }
    // Only what is safely here is counted as kept.
    return { kind: "offline", changes: facts.stored };
  }
  if (changes === 0) return { kind: "opening" };
  return facts.since !== null && now - facts.since >= 1000 ? { kind: "saving" } : { kind: "writing" };
}
