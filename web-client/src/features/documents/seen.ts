import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { newsQuery, see } from "../../api";
import type { DocumentSession } from "../../sync";

/** How often it is said again of a page that stays open while others write. */
const AGAIN_MS = 60_000;

/**
 * Says that the person has seen the document: once its text is there, and after others have changed it under their eyes,
 * now and then and when they turn away. A page that nobody looks at sees nothing.
 */
export function useSeen(id: string, { doc }: DocumentSession, ready: boolean): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (!ready) return;
    let unseen = true;
    const say = () => {
      if (!unseen) return;
      unseen = false;
      see(id).then(
        () => queries.invalidateQueries({ queryKey: newsQuery.queryKey }),
        () => {
          unseen = true;
        },
      );
    };
    const isLookedAt = () => document.visibilityState === "visible";
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
      if (!local) unseen = true;
    };
    // By the time the page is told that it is hidden, it was still looked at when the last change came.
    let wasLookedAt = isLookedAt();
    const turn = () => {
      if (wasLookedAt || isLookedAt()) say();
      wasLookedAt = isLookedAt();
    };
    look();
    doc.on("update", onChange);
    document.addEventListener("visibilitychange", turn);
    const again = setInterval(look, AGAIN_MS);
    return () => {
      look();
      doc.off("update", onChange);
      document.removeEventListener("visibilitychange", turn);
      clearInterval(again);
    };
  }, [id, doc, ready, queries]);
}
