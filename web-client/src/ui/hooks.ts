import { useEffect, useState, useSyncExternalStore } from "react";

/** Sets the window's title: "page – Unisson". */
export function usePageTitle(title: string | undefined): void {
  useEffect(() => {
    if (title) document.title = title === "Unisson" ? title : `${title} – Unisson`;
  }, [title]);
}

function watchNetwork(listener: () => void): () => void {
  window.addEventListener("online", listener);
  window.addEventListener("offline", listener);
  return () => {
    window.removeEventListener("online", listener);
    window.removeEventListener("offline", listener);
  };
}

/** What the browser believes of the network. */
export function useOnline(): boolean {
  return useSyncExternalStore(watchNetwork, () => navigator.onLine);
}

/** True once `active` has lasted `delay` ms: nothing flashes for what is quick. */
export function useLasting(active: boolean, delay: number): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!active) {
      setLasting(false);
      return;
    }
    const timer = setTimeout(() => setLasting(true), delay);
    return () => clearTimeout(timer);
  }, [active, delay]);
  return active && lasting;
}

/** Whether keys pressed here are somebody's words, or a menu's or a dialog's own. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.closest("input, textarea, select, [role='menu'], [role='dialog']") !== null)
  );
}

/** Time for a list to be drawn without what was done with. */
const DRAWN_MS = 150;

/** What had the focus went away with what was done: the focus goes on from `id`, or from the page's content. */
export function keepPlace(id: string): void {
  setTimeout(() => {
    if (document.activeElement && document.activeElement !== document.body) return;
    const place = document.getElementById(id) ?? document.getElementById("content");
    if (!place) return;
    if (!place.hasAttribute("tabindex")) place.tabIndex = -1;
    place.focus({ preventScroll: true });
  }, DRAWN_MS);
}
