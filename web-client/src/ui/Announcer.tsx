/**
 * What a screen reader is told: one polite region for the whole page. Messages wait for each other, so that a busy
 * document does not talk over the person reading it; what comes meanwhile is said together.
 */
import { useSyncExternalStore } from "react";

const GAP_MS = 4000;

let spoken = "";
let waiting: string[] = [];
let lastAt = Number.NEGATIVE_INFINITY;
let timer: ReturnType<typeof setTimeout> | null = null;
const listeners = new Set<() => void>();

function say(): void {
  timer = null;
  if (waiting.length === 0) return;
  spoken = waiting.join(" ");
  waiting = [];
  lastAt = performance.now();
  for (const listener of listeners) listener();
}

/** Says `message` politely, at most once every four seconds; the same message twice in one turn is said once. */
export function announce(message: string): void {
  if (!waiting.includes(message)) waiting.push(message);
  if (waiting.length > 4) waiting = waiting.slice(-4);
  if (timer !== null) return;
  timer = setTimeout(say, Math.max(50, lastAt + GAP_MS - performance.now()));
}

export function Announcer() {
  const text = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => spoken,
  );
  return (
    <div className="sr" aria-live="polite" data-testid="announcer">
      {text}
    </div>
  );
}
