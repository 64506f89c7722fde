/** Invitations declined a moment ago: off the page, and answered when the message that offers to take it back goes. */
import { useSyncExternalStore } from "react";

let declined: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

function change(next: ReadonlySet<string>): void {
  declined = next;
  for (const listener of listeners) listener();
}

export function putAside(id: string): void {
  change(new Set([...declined, id]));
}

export function bringBack(id: string): void {
  change(new Set([...declined].filter((one) => one !== id)));
}

export function useDeclined(): ReadonlySet<string> {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => declined,
  );
}
