import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { chooseLanguage, startLanguage } from "../../i18n";
import type { Person } from "../../sync";
import { Announcer } from "../../ui/Announcer";
import { useSpokenPresence } from "./presence";

const AWA: Person = { id: "1", name: "Awa", outsider: false };
const BRUNO: Person = { id: "2", name: "Bruno", outsider: false };
const CHLOE: Person = { id: "3", name: "Chloé", outsider: false };

function Page({ people, connected }: { people: Person[]; connected: boolean }) {
  useSpokenPresence(null, people, AWA.id, connected, false);
  return <Announcer />;
}

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

test("who comes right after oneself is announced, and who was there before is not", () => {
  const { rerender } = render(<Page people={[AWA]} connected={false} />);
  rerender(<Page people={[AWA, BRUNO]} connected={false} />);
  rerender(<Page people={[AWA, BRUNO]} connected />);
  pass(200);
  rerender(<Page people={[AWA, BRUNO, CHLOE]} connected />);
  pass(10_000);
  expect(spoken()).toBe("Chloé est dans le document.");
});

test("a connection that blinks is not spoken of", () => {
  const { rerender } = render(<Page people={[AWA, BRUNO]} connected />);
  pass(10_000);
  const before = spoken();
  rerender(<Page people={[AWA]} connected={false} />);
  pass(10_000);
  rerender(<Page people={[AWA, BRUNO]} connected />);
  pass(10_000);
  rerender(<Page people={[AWA]} connected />);
  pass(500);
  rerender(<Page people={[AWA, BRUNO]} connected />);
  pass(10_000);
  expect(spoken()).toBe(before);
});
