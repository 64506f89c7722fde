/** Whether the server is there, as far as its answers tell: a browser calls itself online wherever there is a cable. */
import { useSyncExternalStore } from "react";

let reached = true;
const watchers = new Set<() => void>();

/** The last request found the server, or didn't. */
export function noteReached(now: boolean): void {
  if (now === reached) return;
  reached = now;
  for (const watcher of watchers) watcher();
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  window.addEventListener("online", watcher);
  window.addEventListener("offline", watcher);
  return () => {
    watchers.delete(watcher);
    window.removeEventListener("online", watcher);
    window.removeEventListener("offline", watcher);
  };
}

/** Whether what is shown can be of now: there is a network, and the server answered the last time. */
export function useReachable(): boolean {
  return useSyncExternalStore(watch, () => navigator.onLine && reached);
}
