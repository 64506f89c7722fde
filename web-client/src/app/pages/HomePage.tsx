import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useReachable } from "../../api";
import { NewDocument, NewDocumentSomewhere, RecentDocuments } from "../../features/documents";
import { currentLanguage } from "../../i18n";
import { sayToday } from "../../i18n/dates";
import { usePageTitle } from "../../ui/hooks";
import { OfflineNote } from "../../ui/States";
import { useInside } from "../Root";
import { Awaited } from "./home/Awaited";
import { MyCommunities, MyRequests, OpenCommunities, RequestCard } from "./home/Communities";
import { News, NewsCount } from "./home/News";

/** What waits for me, what I was working on, where I belong and could belong. */
export function HomePage() {
  const { t } = useTranslation();
  const { me } = useInside();
  const reachable = useReachable();
  usePageTitle(t("nav.home"));
  const firstName = me.name.split(" ")[0] ?? me.name;
  return (
    <div className="wide-max">
      <div className="page-head">
        <div>
          <h1>{t("home.hello", { name: firstName })}</h1>
          <p className="lede">
            {sayToday(new Date(), currentLanguage())}.{reachable ? <NewsCount /> : null}
          </p>
        </div>
        <div className="actions">
          <NewDocumentSomewhere me={me} />
        </div>
      </div>
      <div className="page-body cols">
        <div className="stack">
          {reachable ? null : <OfflineNote />}
          {reachable ? <Awaited me={me} /> : null}
          {reachable ? <News /> : null}
          <section aria-labelledby="h-docs">
            <div className="section-head">
              <h2 id="h-docs">{t("home.recent")}</h2>
              <Link to="/docs">{t("home.allDocuments")}</Link>
            </div>
            <RecentDocuments
              community={null}
              limit={8}
              selfId={me.id}
              emptyText={t("home.noDocuments")}
              action={<NewDocument community={null} quiet />}
            />
          </section>
          {reachable && me.role !== "outsider" ? <OpenCommunities /> : null}
        </div>
        <div className="stack">
          <MyCommunities me={me} />
          {reachable && me.may_request ? <MyRequests /> : null}
          {me.may_request ? <RequestCard me={me} /> : null}
        </div>
      </div>
    </div>
  );
}
