/**
 * What the feed tells becomes questions asked again. Where no socket comes through, the questions of a visible page whose
 * answers change under one's eyes are asked every five seconds instead.
 */
import { type QueryClient, type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Feed, type LiveEvent } from "../sync/feed";

/** Which answers an event makes old. Null: all of them. */
export function keysOf({ kind, id, slug, community }: LiveEvent): QueryKey[] | null {
  switch (kind) {
    case "me":
      return [["me"], ["account"], ["communities"]];
    case "community":
      return [["community", slug], ["communities"], ["me"]];
    case "members":
      return [["community", slug], ["me"]];
    case "request":
      return [["request", id], ["requests"], ["admin", "requests"]];
    case "requests":
      return [["admin", "requests"], ["admin", "overview"], ["me"]];
    case "invitations":
      return [["invitations"], ["me"]];
    case "documents":
      return [["documents"], ...(community ? [["community", community, "documents"]] : [])];
    case "document":
      return [["document", id], ["documents"]];
    case "resync":
      return null;
    default:
      return [];
  }
}

/** Events come in flocks: their questions are asked once. */
const TOGETHER_MS = 120;
const POLL_EVERY_MS = 5000;

const POLLED = new Set<unknown>(["me", "invitations", "requests", "request", "community"]);

/** Whether a question is worth asking again and again while the feed is away. */
export function isPolled([root, part]: QueryKey): boolean {
  return POLLED.has(root) || (root === "admin" && (part === "requests" || part === "overview"));
}

function askAgain(queries: QueryClient, events: LiveEvent[]): void {
  const keys = new Map<string, QueryKey>();
  for (const event of events) {
    const made = keysOf(event);
    if (made === null) {
      void queries.invalidateQueries();
      return;
    }
    for (const key of made) keys.set(JSON.stringify(key), key);
  }
  for (const queryKey of keys.values()) void queries.invalidateQueries({ queryKey });
}

/** Runs the feed while somebody is signed in. */
export function useLiveFeed(active: boolean): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (!active) return;
    let open = false;
    let heard: LiveEvent[] = [];
    let together: ReturnType<typeof setTimeout> | undefined;

    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const feed = new Feed({
      url: `${scheme}//${location.host}/live`,
      onOpen: (now) => {
        open = now;
        // It may have been closed because the login is over.
        if (!now && navigator.onLine) void queries.invalidateQueries({ queryKey: ["me"] });
      },
      onEvent: (event) => {
        heard.push(event);
        together ??= setTimeout(() => {
          together = undefined;
          askAgain(queries, heard);
          heard = [];
        }, TOGETHER_MS);
      },
    });
    const poll = setInterval(() => {
      if (open || document.visibilityState !== "visible" || !navigator.onLine) return;
      void queries.invalidateQueries({ predicate: ({ queryKey }) => isPolled(queryKey) });
    }, POLL_EVERY_MS);
    const wake = () => {
      if (document.visibilityState === "visible" && navigator.onLine) feed.wake();
    };
    window.addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
    return () => {
      feed.end();
      clearInterval(poll);
      clearTimeout(together);
      window.removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
    };
  }, [active, queries]);
}
