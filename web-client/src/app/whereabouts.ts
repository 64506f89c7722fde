/** Where this tab is, as it tells the community whose page it shows: its slug and what kind of page, nothing more. */
import { useQuery } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { type DocumentFacts, documentQuery, type View } from "../api";

const VIEWS: Record<string, View> = {
  "": "overview",
  docs: "documents",
  wiki: "wiki",
  posts: "posts",
  faq: "faq",
  members: "members",
  settings: "settings",
};

const AWAY = '{"kind":"away"}';

/** Whoever paused for so long reads. */
const WRITES_FOR_MS = 60_000;
/** Whoever looks at something else for so long is not here. */
const LEAVES_AFTER_MS = 60_000;

const documentAt = (path: string) => /^\/d\/([^/]+)/.exec(path)?.[1];

export function whereabouts(path: string, facts: DocumentFacts | undefined, writing: boolean): string {
  const [, slug, section = ""] = /^\/c\/([^/]+)\/?([^/]*)/.exec(path) ?? [];
  if (slug) {
    const view = VIEWS[section] ?? "other";
    return JSON.stringify({ kind: "at", community: decodeURIComponent(slug), view });
  }
  if (documentAt(path) !== undefined && facts?.community) {
    const { id, community } = facts;
    return JSON.stringify({ kind: "at", community: community.slug, view: "document", document: id, writing });
  }
  return AWAY;
}

/** Whether somebody has written in the text of this page a moment ago. */
function useWriting(path: string): boolean {
  const [at, setAt] = useState<string | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heard = ({ target }: Event) => {
      if (!(target instanceof Element) || !target.closest("#document-text")) return;
      setAt(path);
      clearTimeout(timer);
      timer = setTimeout(() => setAt(null), WRITES_FOR_MS);
    };
    document.addEventListener("input", heard);
    return () => {
      document.removeEventListener("input", heard);
      clearTimeout(timer);
    };
  }, [path]);
  return at === path;
}

/** Whether this tab is looked at, or was a moment ago. */
function useLookedAt(): boolean {
  const [looked, setLooked] = useState(true);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      clearTimeout(timer);
      if (document.visibilityState === "visible") setLooked(true);
      else timer = setTimeout(() => setLooked(false), LEAVES_AFTER_MS);
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return looked;
}

/** What the feed is to say of this tab. */
export function useWhereabouts(active: boolean): string {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const id = documentAt(path);
  const facts = useQuery({ ...documentQuery(id ?? ""), enabled: active && id !== undefined });
  const writing = useWriting(path);
  const looked = useLookedAt();
  return looked ? whereabouts(path, facts.data, writing) : AWAY;
}
