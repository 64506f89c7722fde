import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { TITLE_LENGTH, useRename } from "./rename";

const PAUSE_MS = 1000;

type Props = {
  id: string;
  title: string;
  editable: boolean;
  /** Just made: the title is what to write first. */
  fresh: boolean;
  onDone: () => void;
};

/** The title, written in its place. Others see it after a pause, on Enter, and on leaving. */
export function Title({ id, title, editable, fresh, onDone }: Props) {
  const { t } = useTranslation();
  const rename = useRename(id);
  const field = useRef<HTMLTextAreaElement>(null);
  const [draft, setDraft] = useState<string | null>(null);
  const shown = draft ?? title;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the words
  useLayoutEffect(() => {
    const area = field.current;
    if (!area || CSS.supports("field-sizing", "content")) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }, [shown]);

  useEffect(() => {
    if (!fresh) return;
    field.current?.focus();
    field.current?.select();
  }, [fresh]);

  useEffect(() => {
    const wanted = draft?.trim();
    if (!wanted || wanted === title) return;
    const timer = setTimeout(() => rename(wanted), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft, title, rename]);

  if (!editable) return <h1>{title}</h1>;

  function settle(): void {
    const wanted = draft?.trim();
    if (wanted && wanted !== title) rename(wanted);
    setDraft(null);
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "Enter") {
      event.preventDefault();
      settle();
      onDone();
    } else if (event.key === "Escape") {
      setDraft(null);
    }
  }

  return (
    <h1>
      <textarea
        ref={field}
        className="title-field"
        rows={1}
        value={shown}
        maxLength={TITLE_LENGTH}
        aria-label={t("documents.title")}
        autoComplete="off"
        spellCheck
        onChange={(event) => setDraft(event.target.value.replace(/[\r\n]+/g, " "))}
        onBlur={settle}
        onKeyDown={onKeyDown}
      />
    </h1>
  );
}
