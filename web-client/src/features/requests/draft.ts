/**
 * A request that is being written, kept on the account as one types: one save at a time, the latest words win, and nothing
 * is saved that is there already.
 */
import type { CommunityRequest, PersonRef, RequestText } from "../../api";

export type Written = RequestText & { co_leaders: PersonRef[] };

/** What becomes of the words: all saved, on their way, or not saved by the last attempt. */
export type DraftState = "untouched" | "waiting" | "saving" | "saved" | "failed";

type Save = (revision: number | null, words: Written, send: boolean) => Promise<CommunityRequest>;

const AFTER_TYPING_MS = 1000;

export class Draft {
  state: DraftState = "untouched";
  #revision: number | null;
  #save: Save;
  #changed: () => void;
  #wanted: Written | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<unknown> = Promise.resolve();

  /** `revision` is null for one that the server doesn't know yet. */
  constructor(revision: number | null, save: Save, changed: () => void) {
    this.#revision = revision;
    this.#save = save;
    this.#changed = changed;
  }

  /** These are the words now; they are saved after a pause. */
  write(words: Written): void {
    this.#wanted = words;
    this.#become("waiting");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), AFTER_TYPING_MS);
  }

  /** Saves what waits, now. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    const words = this.#wanted;
    if (words === null) return;
    this.#wanted = null;
    try {
      await this.#next(words, false);
    } catch {
      // Kept for the next attempt, unless newer words came meanwhile.
      this.#wanted ??= words;
      this.#become("failed");
      return;
    }
    this.#become(this.#wanted === null ? "saved" : "waiting");
  }

  /** Hands it in. What waits to be saved goes with it. */
  async send(words: Written): Promise<CommunityRequest> {
    clearTimeout(this.#timer);
    this.#wanted = null;
    try {
      return await this.#next(words, true);
    } catch (error) {
      this.#wanted = words;
      this.#become("failed");
      throw error;
    }
  }

  /** Nothing is saved any more: it was handed in, or thrown away. */
  end(): void {
    clearTimeout(this.#timer);
    this.#wanted = null;
  }

  #next(words: Written, send: boolean): Promise<CommunityRequest> {
    const turn = this.#running.then(async () => {
      this.#become("saving");
      const kept = await this.#save(this.#revision, words, send);
      this.#revision = kept.revision;
      return kept;
    });
    this.#running = turn.catch(() => {});
    return turn;
  }

  #become(state: DraftState): void {
    if (state === this.state) return;
    this.state = state;
    this.#changed();
  }
}
