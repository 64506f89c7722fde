import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { newsQuery, see } from "../../api";
import type { DocumentSession } from "../../sync";

/** While others write, it is said this often at most. */
const AGAIN_MS = 15_000;
/** A word or two later. */
const SOON_MS = 2_000;

/**
 * Says that the person has seen the document: once its text is there, while others change it under their eyes, and when they
 * turn away. A page that nobody looks at sees nothing. What a closing page says may be lost: then something is new that
 * isn't.
 */
export function useSeen(id: string, { doc }: DocumentSession, ready: boolean): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (!ready) return;
    let unseen = true;
    let saidAt = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const isLookedAt = () => document.visibilityState === "visible";
    const say = () => {
      clearTimeout(timer);
      timer = undefined;
      if (!unseen || !navigator.onLine) return;
      unseen = false;
      saidAt = Date.now();
      see(id).then(
        () => queries.invalidateQueries({ queryKey: newsQuery.queryKey }),
        () => {
          unseen = true;
        },
      );
    };
    const look = () => {
      if (isLookedAt()) say();
    };
    // What comes while the page is hidden is seen when it is shown again.
    const onChange = (
      _update: Uint8Array,
      _origin: unknown,
      _doc: unknown,
      { local }: { local: boolean },
    ) => {
      if (local) return;
      unseen = true;
      if (isLookedAt()) timer ??= setTimeout(look, Math.max(SOON_MS, saidAt + AGAIN_MS - Date.now()));
    };
    // When a page hears that it is hidden, it was still looked at as the last change came.
    let wasLookedAt = isLookedAt();
    const turn = () => {
      if (wasLookedAt || isLookedAt()) say();
      wasLookedAt = isLookedAt();
    };
    look();
    doc.on("update", onChange);
    document.addEventListener("visibilitychange", turn);
    window.addEventListener("pagehide", turn);
    window.addEventListener("online", look);
    return () => {
      look();
      clearTimeout(timer);
      doc.off("update", onChange);
      document.removeEventListener("visibilitychange", turn);
      window.removeEventListener("pagehide", turn);
      window.removeEventListener("online", look);
    };
  }, [id, doc, ready, queries]);
}
