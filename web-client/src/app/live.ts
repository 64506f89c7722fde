/**
 * What the feed tells becomes questions asked again; who is here comes whole. Where no socket comes through, the questions
 * of a visible page whose answers change under one's eyes are asked every five seconds instead.
 */
import { type QueryClient, type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { type Gathering, hereQuery } from "../api";
import { Feed, type LiveEvent } from "../sync/feed";

/** Which answers an event makes old. Null: all of them. */
export function keysOf({ kind, id, slug, community }: LiveEvent): QueryKey[] | null {
  switch (kind) {
    case "me":
      return [["me"], ["account"], ["communities"], ["news"]];
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
    case "news":
      return [["news"]];
    case "documents":
      return [["documents"], ["news"], ...(community ? [["community", community, "documents"]] : [])];
    case "document":
      return [["document", id], ["documents"], ["news"]];
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

/** After these the server may see this tab with other eyes: what it said of itself is said again. */
const CHANGES_PLACE = new Set(["me", "community", "resync"]);
/** A feed that blinks takes nobody away. */
const FORGETS_AFTER_MS = 10_000;

/** Who is in a community, as the feed says; what can't be read is nobody. */
export function gatheringOf({ count, people }: LiveEvent): Gathering | null {
  if (typeof count !== "number" || !Array.isArray(people)) return null;
  return { count, people: people as Gathering["people"] };
}

/** Runs the feed while somebody is signed in, and tells it where this tab is. */
export function useLiveFeed(active: boolean, where: string): void {
  const queries = useQueryClient();
  const running = useRef<Feed | null>(null);
  const latest = useRef(where);
  useEffect(() => {
    latest.current = where;
    running.current?.say(where);
    // Who was there is not who will be when one comes back.
    const { community } = JSON.parse(where) as { community?: string };
    const predicate = ({ queryKey }: { queryKey: QueryKey }) => queryKey[1] !== community;
    queries.setQueriesData({ queryKey: ["here"], predicate }, null);
  }, [where, queries]);

  useEffect(() => {
    if (!active) return;
    let open = false;
    let heard: LiveEvent[] = [];
    let together: ReturnType<typeof setTimeout> | undefined;
    let forget: ReturnType<typeof setTimeout> | undefined;

    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const feed = new Feed({
      url: `${scheme}//${location.host}/live`,
      onOpen: (now) => {
        open = now;
        clearTimeout(forget);
        if (!now) {
          forget = setTimeout(() => queries.setQueriesData({ queryKey: ["here"] }, null), FORGETS_AFTER_MS);
        }
        // It may have been closed because the login is over.
        if (!now && navigator.onLine) void queries.invalidateQueries({ queryKey: ["me"] });
      },
      onEvent: (event) => {
        if (event.kind === "here") {
          if (event.community) queries.setQueryData(hereQuery(event.community).queryKey, gatheringOf(event));
          return;
        }
        heard.push(event);
        together ??= setTimeout(() => {
          together = undefined;
          askAgain(queries, heard);
          if (heard.some(({ kind }) => CHANGES_PLACE.has(kind))) feed.repeat();
          heard = [];
        }, TOGETHER_MS);
      },
    });
    running.current = feed;
    feed.say(latest.current);
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
      running.current = null;
      queries.setQueriesData({ queryKey: ["here"] }, null);
      clearTimeout(forget);
      clearInterval(poll);
      clearTimeout(together);
      window.removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
    };
  }, [active, queries]);
}
