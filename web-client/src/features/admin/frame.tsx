/** What the pages of administration have in common. */
import { Link, useNavigate, useRouterState } from "@tanstack/react-router";
import { type ReactNode, useCallback, useMemo, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../../api";
import { usePageTitle } from "../../ui/hooks";
import { Forbidden } from "../../ui/States";
import "./admin.css";

export function AdminForbidden() {
  const { t } = useTranslation();
  return (
    <Forbidden
      action={
        <Link className="btn" to="/">
          {t("nav.goHome")}
        </Link>
      }
    >
      {t("admin.forbidden")}
    </Forbidden>
  );
}

/** In the place of every page of administration, for who doesn't run the instance. */
export function NotYours() {
  const { t } = useTranslation();
  return (
    <AdminFrame title={t("nav.administration")}>
      <AdminForbidden />
    </AdminFrame>
  );
}

/** Title, a sentence, what can be done; then the page. */
export function AdminFrame({
  title,
  lede,
  actions,
  children,
}: {
  title: string;
  lede?: string;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  usePageTitle(`${title} – ${t("admin.title")}`);
  return (
    <div className="wide-max narrow">
      <div className="page-head">
        <div>
          <h1>{title}</h1>
          {lede ? <p className="lede">{lede}</p> : null}
        </div>
        {actions ? <div className="actions">{actions}</div> : null}
      </div>
      <div className="page-body">{children}</div>
    </div>
  );
}

/** Filters that stand in the address, so that a number can lead to its list and a list can be sent to somebody. */
export function useFilters<Name extends string>(names: readonly Name[]) {
  const navigate = useNavigate();
  const said = useRouterState({ select: (state) => state.location.search as Record<string, unknown> });
  const key = names.join(" ");
  // The router reads `2026` as a number and writes it as a word: both are words here.
  const filters = useMemo(() => {
    const read = (name: string) => (said[name] === undefined ? "" : String(said[name]));
    return Object.fromEntries(key.split(" ").map((name) => [name, read(name)])) as Record<Name, string>;
  }, [said, key]);
  const set = useCallback(
    (change: Partial<Record<Name, string>>) => {
      const next = Object.entries({ ...filters, ...change }).filter(([, value]) => value !== "");
      void navigate({ to: ".", search: Object.fromEntries(next), replace: true });
    },
    [filters, navigate],
  );
  return [filters, set] as const;
}

/** Whether the window is as wide as the query says. */
export function useMedia(query: string): boolean {
  const media = useMemo(() => window.matchMedia(query), [query]);
  return useSyncExternalStore(
    (listener) => {
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    () => media.matches,
  );
}

/** Why something was not done, for a brief message. */
export function useAdminProblem(): (error: unknown) => string {
  const { t } = useTranslation();
  return (error) => {
    if (!(error instanceof Problem)) return t("community.problems.offline");
    if (error.code === "last-administrator") return t("admin.lastAdministrator");
    if (error.status === 403) return t("admin.forbidden");
    if (error.status === 404) return t("community.problems.gone");
    return t("community.problems.other");
  };
}
