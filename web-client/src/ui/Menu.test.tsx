import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { Menu, MenuItem, MenuSection } from "./Menu";

beforeAll(() => {
  // jsdom knows only how a popover is hidden.
  HTMLElement.prototype.showPopover = function show(this: HTMLElement) {
    this.style.display = "grid";
  };
});
afterEach(cleanup);

const focused = () => document.activeElement?.textContent;
const press = (key: string) => act(() => fireEvent.keyDown(document.activeElement ?? document.body, { key }));
const button = () => screen.getByRole("button", { name: "Ouvrir" });

function show(onAction = vi.fn()) {
  const around = vi.fn();
  render(
    // biome-ignore lint/a11y/noStaticElementInteractions: stands for a toolbar, which has keys of its own
    <div onKeyDown={around}>
      <Menu label="Fruits" trigger={<button type="button">Ouvrir</button>}>
        <MenuItem onAction={() => onAction("cerise")}>Cerise</MenuItem>
        <MenuSection title="Autres">
          <MenuItem chosen onAction={() => onAction("poire")}>
            Poire
          </MenuItem>
          <MenuItem chosen={false} onAction={() => onAction("pomme")}>
            Pomme
          </MenuItem>
        </MenuSection>
      </Menu>
    </div>,
  );
  return { onAction, around };
}

test("the button says that it has a menu, and whether it is open", () => {
  show();
  expect(button().getAttribute("aria-haspopup")).toBe("menu");
  expect(button().getAttribute("aria-expanded")).toBe("false");
  fireEvent.click(button());
  expect(button().getAttribute("aria-expanded")).toBe("true");
  expect(screen.getByRole("menu", { name: "Fruits" }).id).toBe(button().getAttribute("aria-controls"));
  expect(screen.getByRole("menuitemradio", { name: "Poire" }).getAttribute("aria-checked")).toBe("true");
  fireEvent.click(button(), { detail: 1 });
  expect(screen.queryByRole("menu")).toBeNull();
});

test("arrows go round, Home and End to the ends, letters to a word, and nothing of it leaves the menu", () => {
  const { around } = show();
  button().focus();
  press("ArrowUp");
  expect(focused()).toBe("Pomme");
  around.mockClear();
  press("ArrowDown");
  expect(focused()).toBe("Cerise");
  press("End");
  expect(focused()).toBe("Pomme");
  press("Home");
  expect(focused()).toBe("Cerise");
  press("p");
  expect(focused()).toBe("Poire");
  press("o");
  press("m");
  expect(focused()).toBe("Pomme");
  expect(around).not.toHaveBeenCalled();
});

test("Escape leads back to the button, and an action runs when the focus is back there", () => {
  const seen = vi.fn(() => focused());
  show(seen);
  fireEvent.click(button());
  expect(focused()).toBe("Cerise");
  press("Escape");
  expect(screen.queryByRole("menu")).toBeNull();
  expect(document.activeElement).toBe(button());
  fireEvent.click(button());
  fireEvent.click(screen.getByRole("menuitemradio", { name: "Pomme" }));
  expect(seen).toHaveBeenCalledExactlyOnceWith("pomme");
  expect(seen).toHaveReturnedWith("Ouvrir");
  expect(screen.queryByRole("menu")).toBeNull();
});

test("a press outside closes it and leaves the focus where it went", () => {
  show();
  fireEvent.click(button(), { detail: 1 });
  expect(document.activeElement).toBe(screen.getByRole("menu"));
  fireEvent.pointerDown(document.body);
  expect(screen.queryByRole("menu")).toBeNull();
  expect(document.activeElement).not.toBe(button());
});

test("on a phone a menu of more than five entries is a sheet, and putting it away presses nothing under it", () => {
  window.matchMedia = ((query: string) => ({ matches: query.includes("max-width") })) as never;
  const [under, chosen] = [vi.fn(), vi.fn()];
  const fruits = ["Cerise", "Figue", "Mûre", "Poire", "Pomme", "Prune"];
  const menu = (many: number) => (
    <>
      <button type="button" onClick={under}>
        Dessous
      </button>
      <Menu label="Fruits" trigger={<button type="button">Ouvrir</button>}>
        {fruits.slice(0, many).map((fruit) => (
          <MenuItem key={fruit} onAction={chosen}>
            {fruit}
          </MenuItem>
        ))}
      </Menu>
    </>
  );
  const { rerender } = render(menu(5));
  fireEvent.click(button());
  expect(screen.getByRole("menu").hasAttribute("data-sheet")).toBe(false);
  press("Escape");

  rerender(menu(6));
  fireEvent.click(button());
  expect(screen.getByRole("menu").hasAttribute("data-sheet")).toBe(true);
  const below = screen.getByText("Dessous");
  fireEvent.pointerDown(below);
  fireEvent.click(below);
  expect(screen.queryByRole("menu")).toBeNull();
  expect(under).not.toHaveBeenCalled();
  fireEvent.pointerDown(below);
  fireEvent.click(below);
  expect(under).toHaveBeenCalledTimes(1);
});
