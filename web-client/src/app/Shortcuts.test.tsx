import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useShortcuts } from "./Shortcuts";

const go = vi.hoisted(() => vi.fn());
vi.mock("@tanstack/react-router", () => ({ useNavigate: () => go }));

const help = vi.fn();
function Page() {
  useShortcuts(help, true);
  return (
    <>
      {["Un", "Deux"].map((list) => (
        <ul key={list}>
          {["a", "b"].map((row) => (
            <li key={row}>
              <a className="cover" href="/">{`${list} ${row}`}</a>
              <button type="button">Plus</button>
            </li>
          ))}
        </ul>
      ))}
      <textarea aria-label="texte" />
    </>
  );
}

beforeEach(() => {
  vi.clearAllMocks();
  render(<Page />);
});
afterEach(cleanup);

const press = (key: string) => act(() => fireEvent.keyDown(document.activeElement ?? document.body, { key }));
const focused = () => document.activeElement?.textContent;

test("arrows go from row to row of one list, and no further", () => {
  screen.getByText("Un a").focus();
  press("ArrowDown");
  expect(focused()).toBe("Un b");
  press("ArrowDown");
  expect(focused()).toBe("Un b");
  press("ArrowUp");
  press("ArrowUp");
  expect(focused()).toBe("Un a");
});

test("arrows beside a row are the page's own", () => {
  const button = screen.getAllByText("Plus")[0] as HTMLElement;
  button.focus();
  expect(fireEvent.keyDown(button, { key: "ArrowDown" })).toBe(true);
  expect(document.activeElement).toBe(button);
});

test("places are two keys away, and letters that somebody types are only letters", () => {
  press("g");
  press("c");
  expect(go).toHaveBeenCalledExactlyOnceWith({ to: "/communities" });
  press("?");
  expect(help).toHaveBeenCalledTimes(1);
  screen.getByRole("textbox").focus();
  press("g");
  press("h");
  press("?");
  expect(go).toHaveBeenCalledTimes(1);
  expect(help).toHaveBeenCalledTimes(1);
});
