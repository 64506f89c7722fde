import { CloudAlert, FileQuestionMark, Lock, type LucideIcon, RotateCw, WifiOff } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useLasting, useOnline } from "./hooks";
import { Icon } from "./Icon";

const WIDTHS = [
  ["w70", "w90"],
  ["w50", "w80"],
  ["w60", "w70"],
] as const;

/** Rows that are on their way, in their real shape, after 200 ms. */
export function RowsSkeleton({ label, framed = false }: { label: string; framed?: boolean }) {
  const shown = useLasting(true, 200);
  if (!shown) return <div className="soon" />;
  return (
    <div className={framed ? "card" : undefined} role="status" aria-label={label}>
      <ul className="rows" aria-hidden="true">
        {WIDTHS.map(([first, second]) => (
          <li key={first}>
            <div className="row mid">
              <span className="skeleton square" />
              <div className="grow sk">
                <span className={`skeleton ${first}`} />
                <span className={`skeleton ${second}`} />
              </div>
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A page of text that is on its way. */
export function TextSkeleton({ label }: { label: string }) {
  const shown = useLasting(true, 200);
  if (!shown) return <div className="soon" />;
  return (
    <div className="sk text-skeleton" role="status" aria-label={label}>
      {["w90", "w80", "w90", "w60", "w80", "w50"].map((width, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a fixed drawing
        <span key={at} className={`skeleton ${width}`} aria-hidden="true" />
      ))}
    </div>
  );
}

/** One sentence and one action. */
export function Empty({
  icon,
  children,
  action,
}: {
  icon: LucideIcon;
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="card empty">
      <Icon of={icon} />
      <p>{children}</p>
      {action}
    </div>
  );
}

/** What went wrong, what to do, a retry, and the reference to quote. */
export function Failure({
  what,
  retry,
  reference,
}: {
  what: string;
  retry: () => void;
  reference?: string | undefined;
}) {
  const { t } = useTranslation();
  return (
    <div className="card empty" role="alert">
      <Icon of={CloudAlert} />
      <p>
        <strong>{what}</strong> {t("states.failureHint")}
      </p>
      <button type="button" className="btn" onClick={retry}>
        <Icon of={RotateCw} small />
        {t("states.retry")}
      </button>
      {reference ? <p className="meta">{t("states.reference", { reference })}</p> : null}
    </div>
  );
}

export function Forbidden({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="card empty">
      <Icon of={Lock} />
      <p>{children}</p>
      {action}
    </div>
  );
}

export function Missing({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="card empty">
      <Icon of={FileQuestionMark} />
      <p>{children}</p>
      {action}
    </div>
  );
}

/** The network is away: what still works. */
export function OfflineNote() {
  const { t } = useTranslation();
  const online = useOnline();
  return (
    <div className="note warn">
      <span className="icon-wrap">
        <Icon of={WifiOff} />
      </span>
      <div>
        <strong>{t(online ? "states.unreachable" : "states.offline")}</strong> {t("states.offlineHint")}
      </div>
    </div>
  );
}
