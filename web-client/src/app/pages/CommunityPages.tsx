import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { communityQuery, type Me } from "../../api";
import { CommunityHome, CommunityProblem } from "../../features/communities";
import { AllDocuments, NewDocument, RecentDocuments } from "../../features/documents";
import { usePageTitle } from "../../ui/hooks";
import { useInside } from "../Root";

function mayCreate(me: Me, slug: string): boolean {
  const role = me.communities.find((community) => community.slug === slug)?.role;
  return role !== undefined && role !== "reader";
}

export function CommunityPage() {
  const { t } = useTranslation();
  const { slug } = useParams({ from: "/c/$slug" });
  const { me } = useInside();
  const create = mayCreate(me, slug) ? <NewDocument community={slug} /> : null;
  return (
    <CommunityHome
      key={slug}
      slug={slug}
      selfId={me.id}
      actions={create}
      documents={
        <section aria-labelledby="h-docs">
          <div className="section-head">
            <h2 id="h-docs">{t("home.recent")}</h2>
            <Link to="/c/$slug/docs" params={{ slug }}>
              {t("communities.allDocuments")}
            </Link>
          </div>
          <RecentDocuments community={slug} selfId={me.id} emptyText={t("communities.noDocuments")} />
        </section>
      }
    />
  );
}

export function CommunityDocumentsPage() {
  const { t } = useTranslation();
  const { slug } = useParams({ from: "/c/$slug/docs" });
  const { me } = useInside();
  const community = useQuery(communityQuery(slug));
  const name = community.data?.name ?? "";
  usePageTitle(
    community.isError ? t("states.problemTitle") : name ? `${t("nav.documents")} – ${name}` : undefined,
  );
  if (community.isError) {
    return (
      <div className="wide-max page-body after-bar">
        <h1 className="sr">{t("states.problemTitle")}</h1>
        <CommunityProblem error={community.error} retry={() => void community.refetch()} />
      </div>
    );
  }
  return (
    <div className="wide-max narrow">
      <div className="page-head">
        <div>
          <h1>{t("nav.documents")}</h1>
          <p className="lede">{name}</p>
        </div>
        <div className="actions">{mayCreate(me, slug) ? <NewDocument community={slug} /> : null}</div>
      </div>
      <div className="page-body">
        <AllDocuments key={slug} community={slug} selfId={me.id} emptyText={t("communities.noDocuments")} />
      </div>
    </div>
  );
}
