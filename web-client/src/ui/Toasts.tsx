/** Brief messages at the bottom: 8 s, stopped by hover or focus, at most three. */
import { X } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "./Icon";

const SHOWN_MS = 8000;

export type Toast = { text: string; action?: { label: string; run: () => void }; stays?: boolean };
type Shown = Toast & { id: number };

let shown: Shown[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function change(next: Shown[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

export function toast(message: Toast): void {
  nextId += 1;
  change([...shown, { ...message, id: nextId }].slice(-3));
}

function dismiss(id: number): void {
  change(shown.filter((one) => one.id !== id));
}

function OneToast({ message }: { message: Shown }) {
  const { t } = useTranslation();
  const [held, setHeld] = useState(false);
  const { id, stays, action } = message;
  useEffect(() => {
    if (held || stays) return;
    const timer = setTimeout(() => dismiss(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held, stays, id]);
  return (
    <li
      className="toast"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span className="grow">{message.text}</span>
      {action ? (
        <button
          type="button"
          className="act"
          onClick={() => {
            dismiss(id);
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
        onClick={() => dismiss(id)}
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
