import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type Overview, overviewQuery } from "../../api";
import { currentLanguage } from "../../i18n";
import { useOnline } from "../../ui/hooks";
import { Refused } from "../../ui/Lists";
import { OfflineNote, RowsSkeleton } from "../../ui/States";
import { AdminForbidden, AdminFrame } from "./frame";

type Target = {
  to: "/admin/requests" | "/admin/people" | "/admin/communities" | "/admin/audit";
  search?: object;
};
type Figure = { key: Exclude<keyof Overview, "storage_bytes">; target: Target };

const GROUPS: readonly (readonly [group: "now" | "communities" | "people", figures: readonly Figure[]])[] = [
  [
    "now",
    [
      { key: "requests_open", target: { to: "/admin/requests" } },
      {
        key: "outsiders_expiring",
        target: { to: "/admin/people", search: { role: "outsider", expiring: "yes" } },
      },
      {
        key: "communities_leaderless",
        target: { to: "/admin/communities", search: { filter: "leaderless" } },
      },
    ],
  ],
  [
    "communities",
    [
      { key: "communities_living", target: { to: "/admin/communities", search: { filter: "living" } } },
      { key: "communities_sleeping", target: { to: "/admin/communities", search: { filter: "sleeping" } } },
    ],
  ],
  [
    "people",
    [
      { key: "people_active_1", target: { to: "/admin/people", search: { active: "day" } } },
      { key: "people_active_7", target: { to: "/admin/people", search: { active: "week" } } },
      { key: "people_active_30", target: { to: "/admin/people", search: { active: "month" } } },
    ],
  ],
];

/** "1,2 Go": powers of ten, as disks are sold. */
export function saySize(bytes: number, language: string): string {
  const units = language === "fr" ? ["o", "ko", "Mo", "Go", "To"] : ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(bytes / 1000 ** power);
  return `${number}\u00a0${units[power]}`;
}

function Numbers({ overview }: { overview: Overview }) {
  const { t } = useTranslation();
  const language = currentLanguage();
  const number = new Intl.NumberFormat(language);
  return (
    <>
      {GROUPS.map(([group, figures]) => (
        <section key={group} aria-labelledby={`h-${group}`}>
          <div className="section-head">
            <h2 id={`h-${group}`}>{t(`admin.overview.groups.${group}`)}</h2>
          </div>
          <ul className="figures">
            {figures.map(({ key, target }) => (
              <li key={key}>
                <Link className="figure" to={target.to} search={target.search ?? {}}>
                  <strong>{number.format(overview[key])}</strong>
                  <span>{t(`admin.overview.${key}`, { count: overview[key] })}</span>
                </Link>
              </li>
            ))}
          </ul>
        </section>
      ))}
      <section aria-labelledby="h-storage">
        <div className="section-head">
          <h2 id="h-storage">{t("admin.overview.groups.storage")}</h2>
        </div>
        <p>
          <strong>{saySize(overview.storage_bytes, language)}</strong>{" "}
          <span className="muted">{t("admin.overview.storage")}</span>
        </p>
      </section>
    </>
  );
}

/** How the instance is doing: each number leads to its list. */
export function OverviewPage() {
  const { t } = useTranslation();
  const online = useOnline();
  const overview = useQuery(overviewQuery);
  return (
    <AdminFrame title={t("admin.sections.overview")} lede={t("admin.overview.lede")}>
      {overview.isPending ? (
        <RowsSkeleton label={t("admin.overview.loading")} />
      ) : overview.data ? (
        <div className="stack">
          {online ? null : <OfflineNote />}
          <Numbers overview={overview.data} />
        </div>
      ) : (
        <Refused
          error={overview.error}
          failed={t("admin.overview.failed")}
          forbidden={<AdminForbidden />}
          retry={() => void overview.refetch()}
        />
      )}
    </AdminFrame>
  );
}
