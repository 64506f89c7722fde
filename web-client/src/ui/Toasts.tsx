/** Brief messages at the bottom: 8 s, stopped by hover or focus, at most three. Ctrl Z takes back what the last one offers to. */
import { X } from "lucide-react";
import { type FocusEvent, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { isTyping, keepPlace } from "./hooks";
import { Icon } from "./Icon";

const SHOWN_MS = 8000;
const MOST = 3;

export type Toast = {
  text: string;
  action?: { label: string; run: () => void };
  /** Takes back what the message tells of. */
  undo?: () => void;
  /** What was put off until here: done when the message goes, unless it was taken back. */
  otherwise?: () => void;
  stays?: boolean;
};
type Shown = Toast & { id: number };

let shown: Shown[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function change(next: Shown[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

/** The ways out of a message: nothing pressed, or what it offers taken. */
function end(gone: readonly Shown[], taken: boolean): void {
  change(shown.filter((one) => !gone.includes(one)));
  if (!taken) for (const one of gone) one.otherwise?.();
}

export function toast(message: Toast): void {
  nextId += 1;
  change([...shown, { ...message, id: nextId }]);
  if (shown.length > MOST) end(shown.slice(0, -MOST), false);
}

function undo(message: Shown): void {
  end([message], true);
  message.undo?.();
}

/** A page that is left doesn't come back to what it put off. */
function onLeaving(): void {
  if (document.visibilityState === "hidden")
    end(
      shown.filter((one) => one.otherwise),
      false,
    );
}

function onKey(event: KeyboardEvent): void {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  const last = shown.findLast((one) => one.undo);
  const choosing = event.target instanceof HTMLSelectElement;
  if (!last || (isTyping(event.target) && !choosing)) return;
  event.preventDefault();
  undo(last);
}

function OneToast({ message }: { message: Shown }) {
  const { t } = useTranslation();
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const held = pointed || focused;
  const from = useRef<EventTarget | null>(null);
  const { stays, action } = message;
  useEffect(() => {
    if (held || stays) return;
    const timer = setTimeout(() => end([message], false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held, stays, message]);

  function onFocus(event: FocusEvent<HTMLElement>): void {
    if (!event.currentTarget.contains(event.relatedTarget)) from.current = event.relatedTarget;
    setFocused(true);
  }

  /** The buttons go with the message: the focus returns to where it came from, or goes on from the page's content. */
  function press(act: () => void): void {
    act();
    if (from.current instanceof HTMLElement && from.current.isConnected) from.current.focus();
    else keepPlace("content");
  }

  return (
    <li
      className="toast"
      onPointerEnter={() => setPointed(true)}
      onPointerLeave={() => setPointed(false)}
      onFocus={onFocus}
      onBlur={() => setFocused(false)}
    >
      <span className="grow">{message.text}</span>
      {message.undo ? (
        <button
          type="button"
          className="act"
          aria-keyshortcuts="Control+Z"
          onClick={() => press(() => undo(message))}
        >
          {t("common.undo")}
        </button>
      ) : null}
      {action ? (
        <button
          type="button"
          className="act"
          onClick={() => {
            end([message], true);
            action.run();
          }}
        >
          {action.label}
        </button>
      ) : null}
      <button
        type="button"
        className="icon-btn"
        aria-label={t("common.close")}
        title={t("common.close")}
        onClick={() => press(() => end([message], false))}
      >
        <Icon of={X} />
      </button>
    </li>
  );
}

export function Toasts() {
  const messages = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );
  useEffect(() => {
    document.addEventListener("visibilitychange", onLeaving);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("visibilitychange", onLeaving);
      document.removeEventListener("keydown", onKey);
    };
  }, []);
  return (
    <div role="status">
      {messages.length > 0 ? (
        <ul className="toasts">
          {messages.map((message) => (
            <OneToast key={message.id} message={message} />
          ))}
        </ul>
      ) : null}
    </div>
  );
}
