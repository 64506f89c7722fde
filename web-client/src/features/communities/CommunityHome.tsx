import { Link } from "@tanstack/react-router";
import { UserPlus, Users } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type CommunityPlace, type Me, useReachable } from "../../api";
import { Tile } from "../../ui/Face";
import { usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { OfflineNote } from "../../ui/States";
import { ArchivedNote, EntryNote } from "./Banners";
import { HereCard, HereFaces } from "./HereNow";
import { JoinButton } from "./JoinButton";
import { NoPlace, usePlace } from "./NoPlace";
import { Welcome } from "./Welcome";
import { leads, PersonLine, VISIBILITY_ICONS } from "./words";
import "./communities.css";

/** What a community is, as one line under its name. */
export function CommunityFacts({
  community,
}: {
  community: Pick<CommunityPlace, "visibility" | "members_count">;
}) {
  const { t } = useTranslation();
  return (
    <>
      {t(`communities.visibility.${community.visibility}`)},{" "}
      {t("communities.memberCount", { count: community.members_count })}
    </>
  );
}

function FactsLine({ place, selfId }: { place: CommunityPlace; selfId: string }) {
  const { t } = useTranslation();
  const members = t("communities.memberCount", { count: place.members_count });
  return (
    <p className="meta facts-line">
      <span className="line">
        <Icon of={VISIBILITY_ICONS[place.visibility]} small />
        {t(`communities.visibility.${place.visibility}`)}
      </span>
      <span className="line">
        <Icon of={Users} small />
        {place.outsiders_count > 0
          ? t("community.membersWithOutsiders", {
              members,
              outsiders: t("community.outsiders", { count: place.outsiders_count }),
            })
          : members}
      </span>
      <HereFaces place={place} selfId={selfId} />
    </p>
  );
}

function Leaders({ place, selfId }: { place: CommunityPlace; selfId: string }) {
  const { t } = useTranslation();
  return (
    <section aria-labelledby="h-leaders">
      <div className="section-head">
        <h2 id="h-leaders">{t("communities.ledBy")}</h2>
      </div>
      {place.leaders.length === 0 ? (
        <p className="muted">{t("community.leaderless")}</p>
      ) : (
        <ul className="people">
          {place.leaders.map((leader) => (
            <li key={leader.id}>
              <PersonLine person={leader} selfId={selfId} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

type Props = {
  slug: string;
  me: Me;
  /** What is written here, drawn by whoever knows documents; null where nothing may be read. */
  documents: (place: CommunityPlace) => ReactNode;
};

/** A community's front page: what it is for, what is being written, who leads it, how one comes in. */
export function CommunityHomePage({ slug, me, documents }: Props) {
  const { t } = useTranslation();
  const reachable = useReachable();
  const { asked, place } = usePlace(slug);
  usePageTitle(place?.name);
  if (!place) {
    const known = me.communities.find((one) => one.slug === slug);
    return (
      <NoPlace
        asked={asked}
        title={known?.name ?? t("communities.loading")}
        loading={t("communities.loading")}
      />
    );
  }
  const reads = place.access !== "none";
  return (
    <div className="wide-max">
      <div className="page-head comm-head">
        <div className="line top-line">
          <Tile id={place.id} name={place.name} size="xl" />
          <div className="grow">
            <h1>{place.name}</h1>
            <p className="lede">{place.purpose}</p>
            <FactsLine place={place} selfId={me.id} />
          </div>
        </div>
        <div className="actions">
          {place.archived ? null : <JoinButton community={place} />}
          {leads(place.role) && !place.archived ? (
            <Link className="btn primary" to="/c/$slug/members" params={{ slug }} search={{ invite: true }}>
              <Icon of={UserPlus} small />
              {t("members.invite")}
            </Link>
          ) : null}
        </div>
      </div>
      <div className="page-body">
        {reachable ? null : (
          <div className="comm-note">
            <OfflineNote />
          </div>
        )}
        <ArchivedNote place={place} />
        <EntryNote place={place} />
      </div>
      <div className="page-body cols">
        <div className="stack">
          {place.welcome_document && reads ? <Welcome id={place.welcome_document} me={me} /> : null}
          {reads ? documents(place) : <ClosedNote place={place} />}
        </div>
        <div className="stack">
          <HereCard place={place} selfId={me.id} />
          <Leaders place={place} selfId={me.id} />
        </div>
      </div>
    </div>
  );
}

/** One sees that it exists, and not what it holds. */
function ClosedNote({ place }: { place: CommunityPlace }) {
  const { t } = useTranslation();
  return (
    <div className="card empty">
      <Icon of={VISIBILITY_ICONS.private} />
      <p>{t(place.join.state === "asked" ? "community.closedAsked" : "community.closed")}</p>
      <p className="meta">{t(`community.joining.${place.joining}.sentence`)}</p>
    </div>
  );
}
