/** Fields of a form: a label above, a hint below, what is wrong under that, and a summary that leads to each. */
import { CircleAlert, type LucideIcon } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "./Icon";

export function FieldError({ id, children }: { id: string; children: ReactNode }) {
  return (
    <p className="error" id={id}>
      <Icon of={CircleAlert} />
      <span>{children}</span>
    </p>
  );
}

type FieldProps = {
  id: string;
  label: ReactNode;
  hint?: ReactNode;
  error?: string | null | undefined;
  /** Further ids that describe the field. */
  describedBy?: string;
  children: (described: {
    id: string;
    "aria-describedby": string | undefined;
    "aria-invalid": boolean;
  }) => ReactNode;
};

export function Field({ id, label, hint, error, describedBy, children }: FieldProps) {
  const ids = [error ? `${id}-error` : "", hint ? `${id}-hint` : "", describedBy ?? ""].filter(Boolean);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        "aria-describedby": ids.length > 0 ? ids.join(" ") : undefined,
        "aria-invalid": Boolean(error),
      })}
      {error ? <FieldError id={`${id}-error`}>{error}</FieldError> : null}
      {hint ? (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
    </div>
  );
}

type Choice<Value extends string> = { value: Value; title: string; hint?: string; disabled?: boolean };

type ChoicesProps<Value extends string> = {
  legend: string;
  hint?: string;
  error?: string | null | undefined;
  columns?: "two" | "three";
  choices: readonly Choice<Value>[];
  value: Value | null;
  onChange: (value: Value) => void;
};

/** One of a few, each with a sentence. */
export function Choices<Value extends string>({
  legend,
  hint,
  error,
  columns,
  choices,
  value,
  onChange,
}: ChoicesProps<Value>) {
  const name = useId();
  return (
    <fieldset
      className="field"
      aria-describedby={
        [hint ? `${name}-hint` : "", error ? `${name}-error` : ""].join(" ").trim() || undefined
      }
    >
      <legend>{legend}</legend>
      {hint ? (
        <p className="hint" id={`${name}-hint`}>
          {hint}
        </p>
      ) : null}
      <div className={columns ? `choices ${columns}` : "choices"}>
        {choices.map((choice) => (
          <label className="choice" key={choice.value}>
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={choice.value === value}
              disabled={choice.disabled}
              onChange={() => onChange(choice.value)}
            />
            <strong>{choice.title}</strong>
            {choice.hint ? <span className="hint">{choice.hint}</span> : null}
          </label>
        ))}
      </div>
      {error ? <FieldError id={`${name}-error`}>{error}</FieldError> : null}
    </fieldset>
  );
}

/** A box to tick. */
export function Check({
  icon,
  checked,
  onChange,
  children,
}: {
  icon?: LucideIcon;
  checked: boolean;
  onChange: (checked: boolean) => void;
  children: ReactNode;
}) {
  return (
    <label className="check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      {icon ? <Icon of={icon} /> : null}
      <span>{children}</span>
    </label>
  );
}

/** What has to be looked at again, each with the way to its field. Takes the focus when it comes, and each time `attempt` grows. */
export function ErrorSummary({
  errors,
  attempt,
}: {
  errors: readonly { id: string; label: string }[];
  attempt: number;
}) {
  const { t } = useTranslation();
  const summary = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another try takes the focus again
  useEffect(() => summary.current?.focus(), [attempt]);
  if (errors.length === 0) return null;
  return (
    <div className="note danger" role="alert" tabIndex={-1} ref={summary}>
      <span className="icon-wrap">
        <Icon of={CircleAlert} />
      </span>
      <div>
        <p>
          <strong>{t("forms.toReview", { count: errors.length })}</strong>
        </p>
        <ul className="plain-list">
          {errors.map((error) => (
            <li key={error.id}>
              <a
                href={`#${error.id}`}
                onClick={(event) => {
                  event.preventDefault();
                  const field = document.getElementById(error.id);
                  field?.scrollIntoView({ block: "center" });
                  field?.focus({ preventScroll: true });
                }}
              >
                {error.label}
              </a>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
