import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { CommunityPlace, Feature } from "../../api";
import { CommunityHomePage, FeaturePage, MembersPage, SettingsPage } from "../../features/communities";
import { AllDocuments, LatestPosts, NewDocument, RecentDocuments } from "../../features/documents";
import { useInside } from "../Root";

const mayWrite = (place: CommunityPlace) => place.access === "write" || place.access === "manage";

function Recent({ place, selfId }: { place: CommunityPlace; selfId: string }) {
  const { t } = useTranslation();
  return (
    <section aria-labelledby="h-docs">
      <div className="section-head">
        <h2 id="h-docs">{t("home.recent")}</h2>
        {place.features.includes("documents") ? (
          <Link to="/c/$slug/docs" params={{ slug: place.slug }}>
            {t("communities.allDocuments")}
          </Link>
        ) : null}
      </div>
      <RecentDocuments community={place.slug} selfId={selfId} emptyText={t("communities.noDocuments")} />
    </section>
  );
}

export function CommunityRoute() {
  const { slug } = useParams({ from: "/c/$slug" });
  const { me } = useInside();
  return (
    <CommunityHomePage
      key={slug}
      slug={slug}
      me={me}
      documents={(place) => (
        <>
          {place.features.includes("posts") ? <LatestPosts community={slug} /> : null}
          <Recent place={place} selfId={me.id} />
        </>
      )}
    />
  );
}

function List({ slug, feature }: { slug: string; feature: Feature }) {
  const { t } = useTranslation();
  const { me } = useInside();
  return (
    <FeaturePage
      key={slug}
      slug={slug}
      feature={feature}
      create={(place) => (mayWrite(place) ? <NewDocument community={slug} feature={feature} /> : null)}
      list={(place) => (
        <AllDocuments
          community={slug}
          feature={feature}
          selfId={me.id}
          emptyText={t(`documents.emptyLists.${feature}`)}
          action={
            mayWrite(place) && !place.archived ? (
              <NewDocument community={slug} feature={feature} quiet />
            ) : null
          }
        />
      )}
    />
  );
}

export function DocumentsRoute() {
  return <List slug={useParams({ from: "/c/$slug/docs" }).slug} feature="documents" />;
}

export function WikiRoute() {
  return <List slug={useParams({ from: "/c/$slug/wiki" }).slug} feature="wiki" />;
}

export function PostsRoute() {
  return <List slug={useParams({ from: "/c/$slug/posts" }).slug} feature="posts" />;
}

export function FaqRoute() {
  return <List slug={useParams({ from: "/c/$slug/faq" }).slug} feature="faq" />;
}

export function MembersRoute() {
  const { slug } = useParams({ from: "/c/$slug/members" });
  return <MembersPage key={slug} slug={slug} selfId={useInside().me.id} />;
}

export function SettingsRoute() {
  const { slug } = useParams({ from: "/c/$slug/settings" });
  return <SettingsPage key={slug} slug={slug} selfId={useInside().me.id} />;
}
