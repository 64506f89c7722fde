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
