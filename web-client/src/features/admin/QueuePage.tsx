import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useRouterState } from "@tanstack/react-router";
import { EyeOff, Inbox } from "lucide-react";
import { useTranslation } from "react-i18next";
import { type Me, type QueueItem, type QueueState, queueQuery } from "../../api";
import { usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { Listed } from "../../ui/Lists";
import { Empty } from "../../ui/States";
import { When } from "../../ui/When";
import { AdminForbidden, useFilters, useMedia } from "./frame";
import { RequestDetail } from "./RequestDetail";
import "./admin.css";

const STATES: readonly QueueState[] = ["open", "waiting", "closed"];
/** What was asked longer ago than this is late. */
const LATE_MS = 3 * 86_400_000;

function isLate(item: QueueItem): boolean {
  return item.state === "received" && Date.now() - Date.parse(item.updated_at) > LATE_MS;
}

function Badges({ item }: { item: QueueItem }) {
  const { t } = useTranslation();
  if (item.state === "accepted" || item.state === "refused") {
    return (
      <span className={item.state === "accepted" ? "badge ok" : "badge"}>
        {t(`admin.requests.states.${item.state}`)}
      </span>
    );
  }
  return (
    <>
      {item.similar_count > 0 ? (
        <span className="badge warn">{t("admin.requests.similar", { count: item.similar_count })}</span>
      ) : null}
      {isLate(item) ? <span className="badge danger">{t("admin.requests.late")}</span> : null}
      {item.visibility === "secret" ? (
        <span className="badge">
          <Icon of={EyeOff} />
          {t("communities.visibility.secret")}
        </span>
      ) : null}
    </>
  );
}

function Pick({ item, state, current }: { item: QueueItem; state: QueueState; current: boolean }) {
  const { requester } = item;
  return (
    <li>
      <Link
        className="pick"
        to="/admin/requests/$id"
        params={{ id: item.id }}
        search={state === "open" ? {} : { state }}
        aria-current={current ? "true" : undefined}
      >
        <span className="pick-top">
          <strong className="two-lines">{item.name}</strong>
          <span className="meta nowrap">
            <When at={item.updated_at} />
          </span>
        </span>
        <span className="pick-top">
          <span className="meta clip">
            {requester.service ? `${requester.name}, ${requester.service}` : requester.name}
          </span>
          <span className="pick-badges">
            <Badges item={item} />
          </span>
        </span>
      </Link>
    </li>
  );
}

/** The requests that wait, and the one that is read. Below 1280 px each is a page of its own. */
export function QueuePage({ id, me }: { id: string | null; me: Me }) {
  const { t } = useTranslation();
  const wide = useMedia("(min-width: 1280px)");
  const [{ state: asked }] = useFilters(["state"]);
  const state = STATES.find((one) => one === asked) ?? "open";
  const list = useInfiniteQuery(queueQuery(state));
  const path = useRouterState({ select: (at) => at.location.pathname });
  const first = list.data?.pages[0]?.items[0]?.id ?? null;
  const shown = id ?? (wide ? first : null);
  usePageTitle(id === null ? `${t("admin.sections.requests")} – ${t("admin.title")}` : undefined);
  const listed = wide || id === null;
  return (
    <div className={shown === null ? "queue alone" : "queue"}>
      {listed ? (
        <section className="list" aria-labelledby="h-queue">
          <h1 className="queue-title" id="h-queue">
            {t("admin.sections.requests")}
          </h1>
          <nav className="tabs" aria-label={t("admin.requests.byState")}>
            {STATES.map((one) => (
              <Link
                key={one}
                to="/admin/requests"
                search={one === "open" ? {} : { state: one }}
                aria-current={one === state ? "page" : undefined}
                activeOptions={{ exact: true, includeSearch: true }}
              >
                {t(`admin.requests.tabs.${one}`)}
                {one === "open" && me.requests_count > 0 ? (
                  <span className="count">{me.requests_count}</span>
                ) : null}
              </Link>
            ))}
          </nav>
          <Listed
            list={list}
            loading={t("admin.requests.loading")}
            failed={t("admin.requests.failed")}
            forbidden={<AdminForbidden />}
            empty={<Empty icon={Inbox}>{t(`admin.requests.empty.${state}`)}</Empty>}
          >
            {(items) => (
              <ul className="picks">
                {items.map((item) => (
                  <Pick key={item.id} item={item} state={state} current={item.id === shown} />
                ))}
              </ul>
            )}
          </Listed>
        </section>
      ) : null}
      {shown === null ? null : <RequestDetail key={`${shown} ${path}`} id={shown} alone={!listed} />}
    </div>
  );
}
