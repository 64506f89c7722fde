/**
 * A button and its menu. Arrows, Home, End and first letters move inside; Escape and Tab lead back to the button. What is
 * chosen runs when the menu is gone and the focus is back, so that it may send the focus elsewhere. On a phone a menu of
 * more than five entries is a sheet.
 */
import type { LucideIcon } from "lucide-react";
import {
  cloneElement,
  createContext,
  type HTMLAttributes,
  type KeyboardEvent,
  type MouseEvent,
  type ReactElement,
  type ReactNode,
  type Ref,
  use,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { createPortal, flushSync } from "react-dom";
import { Icon } from "./Icon";

export type Placement = "bottom start" | "bottom end" | "top end" | "right bottom";

const GAP = 4;
const EDGE = 8;
const LEAST_HEIGHT = 120;
const LETTERS_MS = 700;
/** A longer menu rises from below on a phone. */
const SHORT_MENU = 5;
const PHONE = "(max-width: 719px)";

/** Puts `menu` beside `button`, on the other side where there is more room, and within the window. */
function place(menu: HTMLElement, button: HTMLElement, placement: Placement): void {
  const { style } = menu;
  style.maxHeight = "";
  const sheet = itemsIn(menu).length > SHORT_MENU && window.matchMedia(PHONE).matches;
  menu.toggleAttribute("data-sheet", sheet);
  if (sheet) {
    style.left = "";
    style.top = "";
    return;
  }
  const from = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const { innerWidth, innerHeight } = window;
  const beside = placement === "right bottom";
  // Where the menu may begin below, and end above: beside the button, its own height counts.
  const downFrom = beside ? from.top : from.bottom + GAP;
  const upFrom = beside ? from.bottom : from.top - GAP;
  const [below, above] = [innerHeight - EDGE - downFrom, upFrom - EDGE];
  const preferred = placement === "bottom start" || placement === "bottom end" ? "down" : "up";
  const up = preferred === "up" ? above >= height || above > below : below < height && above > below;
  const tall = Math.min(height, Math.max(up ? above : below, LEAST_HEIGHT));
  const left = beside ? from.right + GAP : placement === "bottom start" ? from.left : from.right - width;
  if (tall < height) style.maxHeight = `${tall}px`;
  style.left = `${Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))}px`;
  style.top = `${Math.max(EDGE, Math.min(up ? upFrom - tall : downFrom, innerHeight - tall - EDGE))}px`;
}

/** The click that follows a press does nothing. */
function leaveNextClick(): void {
  const leave = (event: Event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  const options = { capture: true, once: true };
  document.addEventListener("click", leave, options);
  document.addEventListener(
    "pointerdown",
    () => document.removeEventListener("click", leave, options),
    options,
  );
}

const CloseContext = createContext<(then?: () => void) => void>((then) => then?.());

function itemsIn(menu: HTMLElement | null): HTMLElement[] {
  return [...(menu?.querySelectorAll<HTMLElement>("[role^='menuitem']") ?? [])];
}

type Start = "first" | "last" | "none";

type OpenedProps = {
  id: string;
  label: string;
  button: HTMLElement;
  placement: Placement;
  start: Start;
  close: (back: boolean, then?: () => void) => void;
  children: ReactNode;
};

function Opened({ id, label, button, placement, start, close, children }: OpenedProps) {
  const menu = useRef<HTMLDivElement>(null);
  const letters = useRef({ typed: "", at: 0 });
  const closing = useRef(close);
  closing.current = close;

  useLayoutEffect(() => {
    const shown = menu.current;
    if (!shown) return;
    shown.showPopover();
    place(shown, button, placement);
    const items = itemsIn(shown);
    (start === "none" ? shown : items.at(start === "last" ? -1 : 0))?.focus({ preventScroll: true });

    const outside = (event: Event) => {
      const target = event.target as Node;
      if (shown.contains(target)) return;
      // What lies under a sheet is not pressed by whoever puts the sheet away.
      if (event.type === "pointerdown" && shown.hasAttribute("data-sheet")) leaveNextClick();
      else if (button.contains(target)) return;
      closing.current(false);
    };
    const moved = (event: Event) => {
      if (!shown.contains(event.target as Node)) place(shown, button, placement);
    };
    const resized = () => place(shown, button, placement);
    document.addEventListener("pointerdown", outside, true);
    document.addEventListener("focusin", outside);
    document.addEventListener("scroll", moved, true);
    window.addEventListener("resize", resized);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      document.removeEventListener("focusin", outside);
      document.removeEventListener("scroll", moved, true);
      window.removeEventListener("resize", resized);
    };
  }, [button, placement, start]);

  function toLetter(key: string): void {
    const now = Date.now();
    const { typed, at } = letters.current;
    const wanted = now - at < LETTERS_MS ? typed + key : key;
    letters.current = { typed: wanted, at: now };
    const items = itemsIn(menu.current);
    const here = items.indexOf(document.activeElement as HTMLElement);
    // Another letter goes on with the word; the same one again goes on to the next.
    const from = wanted.length > 1 ? Math.max(here, 0) : here + 1;
    const fits = (item: HTMLElement) =>
      item.textContent?.trim().toLocaleLowerCase().startsWith(wanted.toLocaleLowerCase());
    [...items.slice(from), ...items.slice(0, from)].find(fits)?.focus();
  }

  function onKeyDown(event: KeyboardEvent): void {
    // What stands around the menu has keys of its own.
    event.stopPropagation();
    if (event.key === "Tab") {
      // The focus goes on from the button.
      close(true);
      return;
    }
    const items = itemsIn(menu.current);
    const here = items.indexOf(document.activeElement as HTMLElement);
    if (event.key === "Escape") close(true);
    else if (event.key === "ArrowDown") items[(here + 1) % items.length]?.focus();
    else if (event.key === "ArrowUp") items.at(here < 0 ? -1 : here - 1)?.focus();
    else if (event.key === "Home") items[0]?.focus();
    else if (event.key === "End") items.at(-1)?.focus();
    else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey)
      toLetter(event.key);
    else return;
    event.preventDefault();
  }

  // Away from what stands around the button, whose looks are not meant for it; and in a landmark, as all of a page is.
  return createPortal(
    <div
      ref={menu}
      id={id}
      className="menu"
      popover="manual"
      role="menu"
      aria-label={label}
      tabIndex={-1}
      onKeyDown={onKeyDown}
      onClick={(event) => event.stopPropagation()}
    >
      <CloseContext value={(then) => close(true, then)}>{children}</CloseContext>
    </div>,
    document.getElementById("content") ?? document.body,
  );
}

type Trigger = HTMLAttributes<HTMLButtonElement> & { ref?: Ref<HTMLButtonElement> };
/** A button element; its press and its arrow keys are the menu's. */
export type MenuTrigger = ReactElement<Trigger>;

type MenuProps = {
  label: string;
  trigger: MenuTrigger;
  placement?: Placement;
  children: ReactNode;
};

export function Menu({ label, trigger, placement = "bottom end", children }: MenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const [start, setStart] = useState<Start | null>(null);

  function close(back: boolean, then?: () => void): void {
    if (!back) {
      setStart(null);
      return;
    }
    flushSync(() => setStart(null));
    button.current?.focus();
    then?.();
  }

  function open(from: Start): void {
    if (trigger.props["aria-disabled"] !== true) setStart(from);
  }

  return (
    <>
      {cloneElement(trigger, {
        ref: button,
        "aria-haspopup": "menu",
        "aria-expanded": start !== null,
        "aria-controls": start === null ? undefined : id,
        // Some browsers don't focus a button that is pressed; the focus has to come back to it.
        onClick: (event: MouseEvent) => {
          button.current?.focus();
          if (start === null) open(event.detail === 0 ? "first" : "none");
          else setStart(null);
        },
        onKeyDown: (event: KeyboardEvent) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          event.stopPropagation();
          open(event.key === "ArrowDown" ? "first" : "last");
        },
      })}
      {start !== null && button.current ? (
        <Opened
          id={id}
          label={label}
          button={button.current}
          placement={placement}
          start={start}
          close={close}
        >
          {children}
        </Opened>
      ) : null}
    </>
  );
}

type MenuItemProps = {
  icon?: LucideIcon;
  face?: ReactNode;
  hint?: string;
  lang?: string;
  danger?: boolean;
  /** For one of several: whether it is the one. */
  chosen?: boolean;
  onAction: () => void;
  children: string;
};

export function MenuItem({
  icon,
  face,
  hint,
  lang,
  danger = false,
  chosen,
  onAction,
  children,
}: MenuItemProps) {
  const close = use(CloseContext);
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: without a choice it has no aria-checked
    <button
      type="button"
      role={chosen === undefined ? "menuitem" : "menuitemradio"}
      aria-checked={chosen}
      tabIndex={-1}
      lang={lang}
      className={danger ? "menu-item danger" : "menu-item"}
      onPointerMove={(event) =>
        event.pointerType === "mouse" && event.currentTarget.focus({ preventScroll: true })
      }
      onClick={() => close(onAction)}
    >
      {icon ? <Icon of={icon} /> : face}
      <span>{children}</span>
      {hint ? <span className="end meta">{hint}</span> : null}
    </button>
  );
}

/** Entries that belong together, under a title or only with a name. */
export function MenuSection({
  title,
  label,
  children,
}: {
  title?: string;
  label?: string;
  children: ReactNode;
}) {
  const id = useId();
  return (
    // biome-ignore lint/a11y/useSemanticElements: entries of a menu, not a form
    <div role="group" aria-label={label} aria-labelledby={title ? id : undefined}>
      {title ? (
        <span id={id} className="menu-title">
          {title}
        </span>
      ) : null}
      {children}
    </div>
  );
}

export function MenuRule() {
  return <hr aria-orientation="horizontal" />;
}
