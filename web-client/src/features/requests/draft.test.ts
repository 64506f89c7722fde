import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CommunityRequest } from "../../api";
import { Draft, type Written } from "./draft";

const words = (name: string): Written => ({
  name,
  purpose: "",
  model: "network",
  visibility: "private",
  joining: "approval",
  features: ["documents"],
  co_leaders: [],
});

/** A server that numbers what it keeps, and answers when told to. */
function keeper() {
  const saved: { revision: number | null; name: string; send: boolean }[] = [];
  const answers: ((failed?: boolean) => void)[] = [];
  const save = (revision: number | null, { name }: Written, send: boolean) => {
    saved.push({ revision, name, send });
    return new Promise<CommunityRequest>((resolve, reject) => {
      answers.push((failed = false) =>
        failed ? reject(new Error("away")) : resolve({ revision: (revision ?? 0) + 1 } as CommunityRequest),
      );
    });
  };
  const answer = async (failed = false) => {
    answers.shift()?.(failed);
    await vi.advanceTimersByTimeAsync(0);
  };
  return { saved, save, answer };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("words are saved after a pause, once, and each save builds on the last", async () => {
  const { saved, save, answer } = keeper();
  const draft = new Draft(null, save, () => {});
  draft.write(words("R"));
  await vi.advanceTimersByTimeAsync(900);
  draft.write(words("Ré"));
  await vi.advanceTimersByTimeAsync(900);
  expect(saved).toEqual([]);
  await vi.advanceTimersByTimeAsync(100);
  expect(saved).toEqual([{ revision: null, name: "Ré", send: false }]);
  expect(draft.state).toBe("saving");
  await answer();
  expect(draft.state).toBe("saved");
  draft.write(words("Réseau"));
  await vi.advanceTimersByTimeAsync(1000);
  expect(saved.at(-1)).toEqual({ revision: 1, name: "Réseau", send: false });
});

test("words that come while a save is on its way wait for it", async () => {
  const { saved, save, answer } = keeper();
  const draft = new Draft(4, save, () => {});
  draft.write(words("a"));
  await vi.advanceTimersByTimeAsync(1000);
  draft.write(words("b"));
  await vi.advanceTimersByTimeAsync(1000);
  expect(saved).toHaveLength(1);
  await answer();
  expect(saved.at(-1)).toEqual({ revision: 5, name: "b", send: false });
  await answer();
  expect(draft.state).toBe("saved");
});

test("what was not saved is saved by the next attempt", async () => {
  const { saved, save, answer } = keeper();
  const draft = new Draft(null, save, () => {});
  draft.write(words("a"));
  await vi.advanceTimersByTimeAsync(1000);
  await answer(true);
  expect(draft.state).toBe("failed");
  const again = draft.flush();
  await vi.advanceTimersByTimeAsync(0);
  expect(saved.at(-1)).toEqual({ revision: null, name: "a", send: false });
  await answer();
  await again;
  expect(draft.state).toBe("saved");
});

test("handing in follows a save that is on its way, and nothing is saved afterwards", async () => {
  const { saved, save, answer } = keeper();
  const draft = new Draft(null, save, () => {});
  draft.write(words("a"));
  await vi.advanceTimersByTimeAsync(1000);
  const sent = draft.send(words("ab"));
  await answer();
  expect(saved.at(-1)).toEqual({ revision: 1, name: "ab", send: true });
  await answer();
  expect((await sent).revision).toBe(2);
  draft.end();
  await vi.advanceTimersByTimeAsync(5000);
  expect(saved).toHaveLength(2);
});
