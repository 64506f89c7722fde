import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Toasts, toast } from "./Toasts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  act(() => vi.advanceTimersByTime(60_000));
  vi.useRealTimers();
  cleanup();
});

const say = (message: Parameters<typeof toast>[0]) => act(() => toast(message));
const later = (ms: number) => act(() => vi.advanceTimersByTime(ms));
const undoButton = () => screen.getByRole("button", { name: "common.undo" });

test("what was put off is done when the message goes by itself, once", () => {
  render(<Toasts />);
  const otherwise = vi.fn();
  say({ text: "Déclinée", undo: vi.fn(), otherwise });
  later(7900);
  expect(otherwise).not.toHaveBeenCalled();
  later(200);
  expect(otherwise).toHaveBeenCalledTimes(1);
  expect(screen.queryByText("Déclinée")).toBeNull();
  later(20_000);
  expect(otherwise).toHaveBeenCalledTimes(1);
});

test("what was put off is not done when it is taken back", () => {
  render(<Toasts />);
  const [undo, otherwise] = [vi.fn(), vi.fn()];
  say({ text: "Déclinée", undo, otherwise });
  act(() => fireEvent.click(undoButton()));
  expect(undo).toHaveBeenCalledTimes(1);
  later(20_000);
  expect(otherwise).not.toHaveBeenCalled();
});

test("Ctrl Z takes back what the last message offers to, but never somebody's typing", () => {
  render(
    <>
      <input aria-label="champ" />
      <Toasts />
    </>,
  );
  const [first, second] = [vi.fn(), vi.fn()];
  say({ text: "Un", undo: first });
  say({ text: "Deux", undo: second });
  say({ text: "Trois" });
  act(() => fireEvent.keyDown(screen.getByRole("textbox"), { key: "z", ctrlKey: true }));
  expect(second).not.toHaveBeenCalled();
  act(() => fireEvent.keyDown(document.body, { key: "z", ctrlKey: true }));
  expect(second).toHaveBeenCalledTimes(1);
  expect(first).not.toHaveBeenCalled();
});

test("a message that is pushed out by others does what it put off", () => {
  render(<Toasts />);
  const otherwise = vi.fn();
  say({ text: "Déclinée", undo: vi.fn(), otherwise });
  for (const text of ["un", "deux", "trois"]) say({ text });
  expect(otherwise).toHaveBeenCalledTimes(1);
});

test("a message stays while the focus is in it, and gives the focus back", () => {
  render(
    <>
      <button type="button">Avant</button>
      <Toasts />
    </>,
  );
  screen.getByText("Avant").focus();
  say({ text: "Déclinée", undo: vi.fn() });
  act(() => undoButton().focus());
  later(30_000);
  act(() => fireEvent.click(undoButton()));
  expect(document.activeElement?.textContent).toBe("Avant");
});

test("a pointer that passes over doesn't take a message from whoever has the focus in it", () => {
  render(<Toasts />);
  say({ text: "Déclinée", undo: vi.fn() });
  act(() => undoButton().focus());
  const message = screen.getByText("Déclinée").parentElement as HTMLElement;
  act(() => fireEvent.pointerEnter(message));
  act(() => fireEvent.pointerLeave(message));
  later(30_000);
  expect(screen.queryByText("Déclinée")).not.toBeNull();
  act(() => undoButton().blur());
  later(8100);
  expect(screen.queryByText("Déclinée")).toBeNull();
});

test("a page that is left does what it put off", () => {
  render(<Toasts />);
  const otherwise = vi.fn();
  say({ text: "Déclinée", undo: vi.fn(), otherwise });
  vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
  act(() => fireEvent(document, new Event("visibilitychange")));
  expect(otherwise).toHaveBeenCalledTimes(1);
});
