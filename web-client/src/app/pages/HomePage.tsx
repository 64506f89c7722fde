import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useReachable } from "../../api";
import { NewDocumentSomewhere, RecentDocuments } from "../../features/documents";
import { currentLanguage } from "../../i18n";
import { sayToday } from "../../i18n/dates";
import { Tile } from "../../ui/Face";
import { usePageTitle } from "../../ui/hooks";
import { OfflineNote } from "../../ui/States";
import { useInside } from "../Root";

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
          <p className="lede">{sayToday(new Date(), currentLanguage())}.</p>
        </div>
        <div className="actions">
          <NewDocumentSomewhere me={me} />
        </div>
      </div>
      <div className="page-body cols">
        <div className="stack">
          {reachable ? null : <OfflineNote />}
          <section aria-labelledby="h-docs">
            <div className="section-head">
              <h2 id="h-docs">{t("home.recent")}</h2>
              <Link to="/docs">{t("home.allDocuments")}</Link>
            </div>
            <RecentDocuments community={null} limit={8} selfId={me.id} emptyText={t("home.noDocuments")} />
          </section>
        </div>
        <div className="stack">
          <section aria-labelledby="h-com">
            <div className="section-head">
              <h2 id="h-com">{t("home.communities")}</h2>
            </div>
            {me.communities.length === 0 ? (
              <p className="muted">{t("communities.noneYet")}</p>
            ) : (
              <ul className="nav outdent">
                {me.communities.map((community) => (
                  <li key={community.id}>
                    <Link to="/c/$slug" params={{ slug: community.slug }}>
                      <Tile id={community.id} name={community.name} size="sm" />
                      <span className="two-lines">{community.name}</span>
                    </Link>
                  </li>
                ))}
              </ul>
            )}
          </section>
        </div>
      </div>
    </div>
  );
}
