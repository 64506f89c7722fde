import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import {
  type CommunityRequest,
  type Me,
  myRequestsQuery,
  openCommunitiesQuery,
  useNewIn,
} from "../../../api";
import { JoinButton } from "../../../features/communities";
import { RequestRows } from "../../../features/requests";
import { NewDot } from "../../../ui/Dot";
import { Tile } from "../../../ui/Face";
import { Icon } from "../../../ui/Icon";
import { RowsSkeleton } from "../../../ui/States";

const SHOWN_MINE = 10;
const SHOWN_OPEN = 4;
const MONTH_MS = 30 * 86_400_000;

export function MyCommunities({ me }: { me: Me }) {
  const { t } = useTranslation();
  const newIn = useNewIn();
  const more = me.communities.length - SHOWN_MINE;
  return (
    <section aria-labelledby="h-com">
      <div className="section-head">
        <h2 id="h-com">{t("home.communities")}</h2>
        <Link to="/communities">{t("nav.directory")}</Link>
      </div>
      {me.communities.length === 0 ? (
        <p className="muted">{t(me.role === "outsider" ? "home.noneOutside" : "home.none")}</p>
      ) : (
        <ul className="nav outdent">
          {me.communities.slice(0, SHOWN_MINE).map((community) => (
            <li key={community.id}>
              <Link to="/c/$slug" params={{ slug: community.slug }}>
                <Tile id={community.id} name={community.name} size="sm" />
                <span className="two-lines">{community.name}</span>
                {newIn?.has(community.slug) ? (
                  <span className="end">
                    <NewDot />
                  </span>
                ) : null}
              </Link>
            </li>
          ))}
        </ul>
      )}
      {more > 0 ? (
        <p className="load">
          <Link to="/communities">{t("home.andCommunities", { count: more })}</Link>
        </p>
      ) : null}
    </section>
  );
}

/** A few that may be joined; the directory has the rest. */
export function OpenCommunities() {
  const { t } = useTranslation();
  const open = useQuery(openCommunitiesQuery(SHOWN_OPEN));
  // Not worth a word of its own when it fails: the directory says what is wrong.
  if (open.isError || open.data?.length === 0) return null;
  return (
    <section aria-labelledby="h-open">
      <div className="section-head">
        <h2 id="h-open">{t("home.open")}</h2>
        <Link to="/communities">{t("home.openAll")}</Link>
      </div>
      {open.isPending ? <RowsSkeleton label={t("home.openLoading")} /> : null}
      <ul className="rows">
        {(open.data ?? []).slice(0, SHOWN_OPEN).map((community) => (
          <li key={community.id}>
            <div className="row">
              <Tile id={community.id} name={community.name} size="md" />
              <div className="grow">
                <p>
                  <Link className="cover" to="/c/$slug" params={{ slug: community.slug }}>
                    {community.name}
                  </Link>
                </p>
                <p className="meta two-lines">{community.purpose}</p>
              </div>
              <div className="answer">
                <JoinButton community={community} small />
              </div>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

const isOfInterest = (request: CommunityRequest): boolean =>
  ["draft", "received", "changes"].includes(request.state) ||
  Date.now() - new Date(request.decided_at ?? request.updated_at).getTime() < MONTH_MS;

/** Requests that are under way or were decided lately. */
export function MyRequests() {
  const { t } = useTranslation();
  const mine = useQuery(myRequestsQuery);
  const shown = (mine.data ?? []).filter(isOfInterest).slice(0, 5);
  if (shown.length === 0) return null;
  return (
    <section aria-labelledby="h-requests">
      <div className="section-head">
        <h2 id="h-requests">{t("home.requests")}</h2>
      </div>
      <RequestRows requests={shown} />
    </section>
  );
}

export function RequestCard({ me }: { me: Me }) {
  const { t } = useTranslation();
  return (
    <section className="card" aria-labelledby="h-request">
      <h2 id="h-request">{t("home.missing")}</h2>
      <p className="muted">{t(me.may_create ? "home.missingOpen" : "home.missingText")}</p>
      <div className="actions top">
        <Link className="btn" to="/request">
          <Icon of={Plus} small />
          {t("home.request")}
        </Link>
      </div>
    </section>
  );
}
