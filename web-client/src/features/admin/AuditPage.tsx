import { useInfiniteQuery } from "@tanstack/react-query";
import { Download, ScrollText } from "lucide-react";
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
import { AdminForbidden, AdminFrame, useFilters } from "./frame";

const FILTERS = ["community", "actor", "action", "from", "to"] as const;

function Details({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation();
  const facts = Object.entries(entry.details);
  if (facts.length === 0) return null;
  return (
    <details className="audit-details">
      <summary>{t("admin.audit.details")}</summary>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Row({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation();
  const words = useActionWords();
  const where = [entry.subject?.name, entry.community?.name].filter(Boolean).join(" · ");
  return (
    <tr>
      <td>
        <span className="person">
          {entry.actor ? (
            <Face id={entry.actor.id} name={entry.actor.name} outsider={entry.actor.outsider} size="sm" />
          ) : null}
          <span>
            <span>{entry.actor?.name ?? t("admin.audit.system")}</span>
          </span>
        </span>
      </td>
      <td className="full">
        {words(entry.action)}
        {where ? <span className="meta until">{where}</span> : null}
        <Details entry={entry} />
      </td>
      <td className="full meta">
        <time dateTime={entry.at}>{sayExactly(new Date(entry.at), currentLanguage())}</time>
      </td>
    </tr>
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
        <div className="field">
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
                <Row key={entry.id} entry={entry} />
              ))}
            </tbody>
          </table>
        )}
      </Listed>
    </AdminFrame>
  );
}
