import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { chooseLanguage, startLanguage } from "../../i18n";
import { Announcer } from "../../ui/Announcer";
import { StateLine } from "./StateLine";

beforeEach(async () => {
  await startLanguage();
  await chooseLanguage("fr");
  vi.useFakeTimers();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const spoken = () => screen.getByTestId("announcer").textContent;
const pass = (ms: number) => act(() => vi.advanceTimersByTime(ms));

test("the word leaves in the turn of an edit, and is spoken again only when its kind has changed", () => {
  const page = (line: Parameters<typeof StateLine>[0]["line"]) => (
    <>
      <StateLine line={line} />
      <Announcer />
    </>
  );
  const { rerender } = render(page({ kind: "saved" }));
  expect(screen.getByRole("status").textContent).toBe("Enregistré");
  pass(5000);
  expect(spoken()).toBe("");

  rerender(page({ kind: "writing" }));
  expect(screen.getByRole("status").textContent).toBe("");
  rerender(page({ kind: "saved" }));
  pass(5000);
  expect(spoken()).toBe("");

  rerender(page({ kind: "offline", changes: 14 }));
  expect(screen.getByRole("status").textContent).toBe(
    "Hors connexion\u202f: 14\u00a0modifications gardées sur cet appareil",
  );
  rerender(page({ kind: "offline", changes: 15 }));
  pass(5000);
  expect(spoken()).toBe("Hors connexion\u202f: 14\u00a0modifications gardées sur cet appareil");
  rerender(page({ kind: "saved" }));
  pass(5000);
  expect(spoken()).toBe("Enregistré");
});

test("a slower connection is said beside the state, once, and explained on request", () => {
  const page = (line: Parameters<typeof StateLine>[0]["line"], slow: boolean) => (
    <>
      <StateLine line={line} slow={slow} />
      <Announcer />
    </>
  );
  const { rerender } = render(page({ kind: "saved" }, true));
  expect(screen.getByRole("status").textContent).toBe("Enregistré· Connexion plus lente");
  expect(screen.getByRole("button").title).toContain("enregistrées comme d’habitude");
  pass(60_000);
  expect(spoken()).toContain("Connexion plus lente. Ce réseau");
  rerender(page({ kind: "offline", changes: 0 }, true));
  expect(screen.getByRole("status").textContent).toBe("Hors connexion");
  pass(5000);
  rerender(page({ kind: "saved" }, true));
  pass(5000);
  expect(spoken()).toBe("Enregistré");
  rerender(page({ kind: "saved" }, false));
  expect(screen.getByRole("status").textContent).toBe("Enregistré");
});

test("what can't be saved says why", () => {
  render(<StateLine line={{ kind: "failed", reason: "refused", changes: 1, code: "document-too-large" }} />);
  expect(screen.getByRole("status").textContent).toBe("Non enregistré\u202f: le document est plein");
});
