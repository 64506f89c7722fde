/**
 * Several people in one field, found by typing: a combobox with a list below it. Down and Up move in the list, Enter takes,
 * Escape closes, Backspace in the empty field lets the last one go. The search is handed in.
 */
import { X } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { announce } from "./Announcer";
import { Face } from "./Face";
import { FieldError } from "./Fields";
import { Icon } from "./Icon";

export type PickedPerson = { id: string; name: string; service?: string | null; outsider?: boolean };

const AFTER_TYPING_MS = 250;

type Found = { text: string; people: PickedPerson[] } | { text: string; failed: true } | null;

/** What the search answers to the text of now; null while it is on its way or nothing is typed. */
function useFound(text: string, search: (text: string) => Promise<PickedPerson[]>): Found {
  const [found, setFound] = useState<Found>(null);
  const ask = useRef(search);
  ask.current = search;
  useEffect(() => {
    const wanted = text.trim();
    if (wanted.length < 2) {
      setFound(null);
      return;
    }
    let over = false;
    const timer = setTimeout(() => {
      ask.current(wanted).then(
        (people) => !over && setFound({ text: wanted, people }),
        () => !over && setFound({ text: wanted, failed: true }),
      );
    }, AFTER_TYPING_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [text]);
  return found;
}

type Props = {
  /** Id of the field itself, for whatever leads to it. */
  id: string;
  label: string;
  hint?: string;
  placeholder?: string;
  error?: string | null | undefined;
  people: readonly PickedPerson[];
  onChange: (people: PickedPerson[]) => void;
  search: (text: string) => Promise<PickedPerson[]>;
  /** Who isn't proposed: oneself, and who has it already. */
  without?: readonly string[];
  most?: number;
};

export function PeoplePicker(props: Props) {
  const { id, label, hint, placeholder, error, people, onChange, search, without = [], most = 20 } = props;
  const { t } = useTranslation();
  const list = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [closed, setClosed] = useState(false);
  const found = useFound(text, search);
  const taken = new Set([...without, ...people.map((person) => person.id)]);
  const proposed =
    found && "people" in found ? found.people.filter((one) => !taken.has(one.id)).slice(0, 8) : [];
  const open = !closed && proposed.length > 0;
  const full = people.length >= most;
  const count = found && "people" in found ? proposed.length : null;

  useEffect(() => {
    if (count !== null) announce(t("picker.found", { count }));
  }, [count, t]);

  function take(person: PickedPerson): void {
    onChange([...people, person]);
    setText("");
    setAt(0);
    announce(t("picker.added", { name: person.name }));
    input.current?.focus();
  }

  function drop(person: PickedPerson): void {
    onChange(people.filter((one) => one.id !== person.id));
    announce(t("picker.removed", { name: person.name }));
    input.current?.focus();
  }

  function onKeyDown(event: KeyboardEvent): void {
    const chosen = proposed[at];
    if (event.key === "Backspace" && text === "" && people.length > 0) {
      const last = people.at(-1);
      if (last) drop(last);
    } else if (event.key === "ArrowDown" && proposed.length > 0) {
      if (closed) setClosed(false);
      else setAt((at + 1) % proposed.length);
    } else if (event.key === "ArrowUp" && open) setAt((at - 1 + proposed.length) % proposed.length);
    else if (event.key === "Enter") {
      // Never sends the form around it.
      if (open && chosen) take(chosen);
    } else if (event.key === "Escape" && open) setClosed(true);
    else return;
    event.preventDefault();
  }

  const described = [error ? `${id}-error` : "", hint ? `${id}-hint` : ""].join(" ").trim();
  const nobody = found !== null && "people" in found && proposed.length === 0 && text.trim() === found.text;
  return (
    <div className="field picker">
      <label htmlFor={id}>{label}</label>
      <div className="tokens">
        {people.map((person) => (
          <span className="chip" key={person.id}>
            <Face id={person.id} name={person.name} outsider={person.outsider ?? false} size="xs" />
            {person.name}
            <button
              type="button"
              aria-label={t("picker.remove", { name: person.name })}
              onClick={() => drop(person)}
            >
              <Icon of={X} small />
            </button>
          </span>
        ))}
        <input
          ref={input}
          id={id}
          className="input"
          role="combobox"
          aria-expanded={open}
          aria-autocomplete="list"
          aria-controls={list}
          aria-activedescendant={open ? `${list}-${at}` : undefined}
          aria-describedby={described || undefined}
          aria-invalid={Boolean(error)}
          autoComplete="off"
          spellCheck={false}
          placeholder={full ? "" : placeholder}
          readOnly={full}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setClosed(false);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
          onBlur={() => setClosed(true)}
          onFocus={() => setClosed(false)}
        />
      </div>
      <div className="picker-list">
        <div
          id={list}
          role="listbox"
          aria-label={t("picker.people")}
          hidden={!open}
          className="menu"
          // The field keeps the focus while one presses in the list.
          onMouseDown={(event) => event.preventDefault()}
        >
          {open
            ? proposed.map((person, index) => (
                // biome-ignore lint/a11y/useFocusableInteractive: the field has the focus and names the option
                // biome-ignore lint/a11y/useKeyWithClickEvents: the field's keys do this
                <div
                  key={person.id}
                  id={`${list}-${index}`}
                  role="option"
                  aria-selected={index === at}
                  className="menu-item"
                  onPointerMove={() => setAt(index)}
                  onClick={() => take(person)}
                >
                  <Face id={person.id} name={person.name} outsider={person.outsider ?? false} size="sm" />
                  <span>{person.name}</span>
                  {person.outsider ? <span className="badge warn">{t("people.outsider")}</span> : null}
                  {person.service ? <span className="end meta clip">{person.service}</span> : null}
                </div>
              ))
            : null}
        </div>
      </div>
      {nobody && !full ? <p className="hint">{t("picker.nobody", { text: found.text })}</p> : null}
      {found && "failed" in found ? <p className="hint">{t("picker.failed")}</p> : null}
      {error ? <FieldError id={`${id}-error`}>{error}</FieldError> : null}
      {hint ? (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
    </div>
  );
}
