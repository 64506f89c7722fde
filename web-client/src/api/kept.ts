/**
 * The last good answer of a few questions, kept on this device, so that pages open while the network is away.
 * Only what is needed to find and open one's documents; forgotten at sign-out.
 */
import { Unreachable } from "./client";

const PREFIX = "unisson.kept.";

function read<Answer>(key: string): Answer | undefined {
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? undefined : (JSON.parse(text) as Answer);
  } catch {
    return undefined;
  }
}

export function keep(key: string, answer: unknown): void {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(answer));
  } catch {
    // No room: the page will need the network next time.
  }
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // Storage is closed: nothing was kept either.
  }
}

export function isKept(key: string): boolean {
  return read(key) !== undefined;
}

export function forgetAll(): void {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX)) localStorage.removeItem(key);
    }
  } catch {
    // Storage is closed: nothing was kept either.
  }
}

/** Every answer kept under a key that starts so. */
export function keptUnder<Answer>(start: string): Answer[] {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX + start))
      .map((key) => read<Answer>(key.slice(PREFIX.length)))
      .filter((answer) => answer !== undefined);
  } catch {
    return [];
  }
}

/** Asks; keeps what is answered; answers with what was kept when the server can't be reached. */
export async function askOrKept<Answer>(key: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    const answer = await ask();
    keep(key, answer);
    return answer;
  } catch (error) {
    if (!(error instanceof Unreachable)) {
      forget(key);
      throw error;
    }
    const kept = read<Answer>(key);
    if (kept === undefined) throw error;
    return kept;
  }
}
