import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { isTyping } from "../ui/hooks";
import { Dialog } from "../ui/Overlay";

const SECOND_KEY_MS = 1200;
const ROW = "a.cover, a.pick";

/** Arrow keys go from row to row of the list that has the focus; Enter opens, as on any link. */
function moveInRows(event: KeyboardEvent): void {
  const row = event.target instanceof Element ? event.target.closest(ROW) : null;
  const rows = [...(row?.closest("ul, ol")?.querySelectorAll<HTMLElement>(ROW) ?? [])];
  const next = rows[rows.indexOf(row as HTMLElement) + (event.key === "ArrowDown" ? 1 : -1)];
  if (!row) return;
  event.preventDefault();
  next?.focus();
}

/** `g h` home, `g d` documents, `g c` communities, `?` help, arrows in lists: where nobody is typing. */
export function useShortcuts(onHelp: () => void, active: boolean): void {
  const navigate = useNavigate();
  const goAt = useRef(0);
  const help = useRef(onHelp);
  help.current = onHelp;

  useEffect(() => {
    if (!active) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const second = event.timeStamp - goAt.current < SECOND_KEY_MS;
      goAt.current = 0;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        moveInRows(event);
      } else if (event.key === "?") {
        event.preventDefault();
        help.current();
      } else if (event.key === "g") {
        goAt.current = event.timeStamp;
      } else if (second && event.key === "h") {
        event.preventDefault();
        void navigate({ to: "/" });
      } else if (second && event.key === "d") {
        event.preventDefault();
        void navigate({ to: "/docs" });
      } else if (second && event.key === "c") {
        event.preventDefault();
        void navigate({ to: "/communities" });
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [active, navigate]);
}

const KEYS = [
  { keys: ["G", "H"], what: "help.home" },
  { keys: ["G", "D"], what: "help.documents" },
  { keys: ["G", "C"], what: "help.communities" },
  { keys: ["↑", "↓"], what: "help.list", apart: true },
  { keys: ["help.esc"], what: "help.close" },
  { keys: ["?"], what: "help.help" },
  { keys: ["Alt", "F10"], what: "help.toolbar", together: true },
  { keys: ["help.esc"], what: "help.back" },
  { keys: ["help.ctrl", "B"], what: "help.bold", together: true },
  { keys: ["help.ctrl", "I"], what: "help.italic", together: true },
  { keys: ["help.ctrl", "K"], what: "help.link", together: true },
  { keys: ["help.ctrl", "Z"], what: "help.undo", together: true },
  { keys: ["help.tab"], what: "help.indent" },
] as const;

export function KeyboardHelp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const spell = (key: string) =>
    key === "help.ctrl" || key === "help.tab" || key === "help.esc" ? t(key) : key;
  return (
    <Dialog onClose={onClose} title={t("help.title")}>
      <dl className="keys">
        {KEYS.map((entry) => (
          <div key={entry.what}>
            <dt>{t(entry.what)}</dt>
            <dd>
              {entry.keys.map((key, at) => (
                <span key={key}>
                  {at > 0 ? (
                    <span className="meta">
                      {" "}
                      {"together" in entry ? "+" : "apart" in entry ? "" : t("help.then")}{" "}
                    </span>
                  ) : null}
                  <kbd>{spell(key)}</kbd>
                </span>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <div className="actions">
        <button type="button" className="btn" onClick={onClose}>
          {t("common.close")}
        </button>
      </div>
    </Dialog>
  );
}
