import { useEffect, useState, useSyncExternalStore } from "react";
import type { Person } from "./presence";
import { type Facts, type Line, line } from "./saved";
import { type DocumentSession, holdSession, releaseSession, type SessionState } from "./session";
import { choice, onWay } from "./ways";

/** Opens the room while the component is there; null in the first turn. */
export function useDocumentSession(
  room: string,
  self: Person,
  scope: "write" | "read",
): DocumentSession | null {
  const [session, setSession] = useState<DocumentSession | null>(null);
  const { id, name, outsider } = self;
  useEffect(() => {
    const held = holdSession(room, { id, name, outsider }, scope);
    setSession(held);
    return () => {
      setSession(null);
      releaseSession(held);
    };
  }, [room, id, name, outsider, scope]);
  return session;
}

export function useSessionState(session: DocumentSession): SessionState {
  return useSyncExternalStore(session.subscribe, session.getState);
}

/** The state line of now; comes back by itself when a second of waiting changes the words. */
export function useLine(facts: Facts, online: boolean): Line {
  const [, tick] = useState(0);
  const now = Date.now();
  const said = line(facts, now, !online);
  const waits = said.kind === "writing" && facts.since !== null ? facts.since + 1000 - now : null;
  useEffect(() => {
    if (waits === null) return;
    const timer = setTimeout(() => tick((count) => count + 1), Math.max(10, waits + 5));
    return () => clearTimeout(timer);
  }, [waits]);
  return said;
}

/** Whether this network lets only the slower connection through. */
export function useSlowConnection(): boolean {
  return useSyncExternalStore(onWay, () => choice().way === "posted");
}
