import { useInfiniteQuery } from "@tanstack/react-query";
import { Download, ScrollText, X } from "lucide-react";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { type AuditEntry, auditExport, auditQuery } from "../../api";
import { currentLanguage } from "../../i18n";
import { sayExactly } from "../../i18n/dates";
import { Face } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { Listed, useSettled } from "../../ui/Lists";
import { Empty } from "../../ui/States";
import { AUDIT_ACTIONS, useActionWords } from "./actions";
import { type Say, sayFacts } from "./facts";
import { AdminForbidden, AdminFrame, useFilters } from "./frame";

const FILTERS = ["community", "actor", "action", "from", "to"] as const;

function Details({ entry }: { entry: AuditEntry }) {
  const { t, i18n } = useTranslation();
  // Which key, only the act tells.
  const words = t as unknown as (key: string, values?: Record<string, string>) => string;
  const say: Say = (key, values) => (i18n.exists(key) ? words(key, values) : null);
  const facts = sayFacts(entry.details, say, currentLanguage());
  if (facts.length === 0) return null;
  return (
    <details className="audit-details">
      <summary>{t("admin.audit.details")}</summary>
      <dl>
        {facts.map(({ name, label, text }) => (
          <div key={name}>
            <dt>{label}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

type Narrow = (change: { actor?: string; community?: string }) => void;

function Row({ entry, narrow }: { entry: AuditEntry; narrow: Narrow }) {
  const { t } = useTranslation();
  const words = useActionWords();
  const { actor, community, subject } = entry;
  return (
    <tr>
      <td>
        <span className="person">
          {actor ? <Face id={actor.id} name={actor.name} outsider={actor.outsider} size="sm" /> : null}
          <span>
            {actor ? (
              <button
                type="button"
                className="as-link"
                title={t("admin.audit.actsOf", { name: actor.name })}
                onClick={() => narrow({ actor: actor.id })}
              >
                {actor.name}
              </button>
            ) : (
              t("admin.audit.system")
            )}
          </span>
        </span>
      </td>
      <td className="full">
        {words(entry.action)}
        {subject?.name || community ? (
          <span className="meta until">
            {subject?.name}
            {subject?.name && community ? " · " : null}
            {community ? (
              <button
                type="button"
                className="as-link"
                title={t("admin.audit.actsIn", { name: community.name })}
                onClick={() => narrow({ community: community.slug })}
              >
                {community.name}
              </button>
            ) : null}
          </span>
        ) : null}
        <Details entry={entry} />
      </td>
      <td className="full meta">
        <time dateTime={entry.at}>{sayExactly(new Date(entry.at), currentLanguage())}</time>
      </td>
    </tr>
  );
}

/** Whose acts and which community's are shown, when not everybody's: each may be let go. */
function Narrowed({
  filters,
  entries,
  onDrop,
}: {
  filters: { actor: string; community: string };
  entries: AuditEntry[];
  onDrop: Narrow;
}) {
  const { t } = useTranslation();
  const actor = entries.find((entry) => entry.actor?.id === filters.actor)?.actor?.name;
  const community = entries.find((entry) => entry.community?.slug === filters.community)?.community?.name;
  const shown = [
    ...(filters.actor
      ? [{ key: "actor" as const, words: t("admin.audit.actsOf", { name: actor ?? "…" }) }]
      : []),
    ...(filters.community
      ? [
          {
            key: "community" as const,
            words: t("admin.audit.actsIn", { name: community ?? filters.community }),
          },
        ]
      : []),
  ];
  if (shown.length === 0) return null;
  return (
    <p className="line narrowed">
      {shown.map(({ key, words }) => (
        <span className="chip" key={key}>
          <span>{words}</span>
          <button
            type="button"
            aria-label={t("admin.audit.drop", { name: words })}
            onClick={() => onDrop({ [key]: "" })}
          >
            <Icon of={X} small />
          </button>
        </span>
      ))}
    </p>
  );
}

/** Rights, decisions and acts of administrators, as they were written down; nothing here can be changed. */
export function AuditPage() {
  const { t } = useTranslation();
  const id = useId();
  const words = useActionWords();
  const [filters, setFilters] = useFilters(FILTERS);
  const settled = useSettled(filters);
  const list = useInfiniteQuery(auditQuery(settled));
  const entries = list.data?.pages.flatMap((page) => page.items) ?? [];
  const any = FILTERS.some((name) => filters[name] !== "");
  return (
    <AdminFrame
      title={t("admin.sections.audit")}
      lede={t("admin.audit.lede")}
      actions={
        <a className="btn" href={auditExport(filters)} download="audit.csv">
          <Icon of={Download} small />
          {t("admin.audit.export")}
        </a>
      }
    >
      <div className="filters">
        <div className="field alone">
          <label htmlFor={`${id}-action`}>{t("admin.audit.action")}</label>
          <select
            id={`${id}-action`}
            className="select"
            value={filters.action}
            onChange={(event) => setFilters({ action: event.target.value })}
          >
            <option value="">{t("admin.audit.everything")}</option>
            {AUDIT_ACTIONS.map((action) => (
              <option key={action} value={action}>
                {words(action)}
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor={`${id}-from`}>{t("admin.audit.from")}</label>
          <input
            id={`${id}-from`}
            className="input"
            type="date"
            value={filters.from}
            onChange={(event) => setFilters({ from: event.target.value })}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-to`}>{t("admin.audit.to")}</label>
          <input
            id={`${id}-to`}
            className="input"
            type="date"
            value={filters.to}
            onChange={(event) => setFilters({ to: event.target.value })}
          />
        </div>
        {any ? (
          <button
            type="button"
            className="btn"
            onClick={() => setFilters({ community: "", actor: "", action: "", from: "", to: "" })}
          >
            {t("admin.audit.clear")}
          </button>
        ) : null}
      </div>
      <Narrowed filters={filters} entries={entries} onDrop={setFilters} />
      <Listed
        list={list}
        loading={t("admin.audit.loading")}
        failed={t("admin.audit.failed")}
        forbidden={<AdminForbidden />}
        empty={<Empty icon={ScrollText}>{t(any ? "admin.audit.nothing" : "admin.audit.empty")}</Empty>}
      >
        {(items) => (
          <table className="table audit" aria-busy={list.isPlaceholderData}>
            <caption className="sr">{t("admin.sections.audit")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("admin.audit.actor")}</th>
                <th scope="col">{t("admin.audit.act")}</th>
                <th scope="col">{t("admin.audit.at")}</th>
              </tr>
            </thead>
            <tbody>
              {items.map((entry) => (
                <Row key={entry.id} entry={entry} narrow={setFilters} />
              ))}
            </tbody>
          </table>
        )}
      </Listed>
    </AdminFrame>
  );
}
