import { useQuery } from "@tanstack/react-query";
import { Eye, EyeOff, Globe, Lock, Users } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type Community, communityQuery, type Member, membersQuery, Problem } from "../../api";
import { Face, Tile } from "../../ui/Face";
import { usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { Failure, Forbidden, Missing, RowsSkeleton } from "../../ui/States";
import "./communities.css";

export const VISIBILITY_ICONS = { public: Globe, private: Lock, secret: EyeOff } as const;

function Person({ member, selfId }: { member: Member; selfId: string }) {
  const { t } = useTranslation();
  return (
    <li className="person">
      <Face id={member.id} name={member.name} outsider={member.outsider} />
      <span>
        <span className="line tight">
          {member.name}
          {member.outsider ? <span className="badge warn">{t("people.outsider")}</span> : null}
        </span>
        <span className="meta clip">
          {member.id === selfId ? `${t("people.you")} · ` : ""}
          {t(`communities.roles.${member.role}`)}
        </span>
      </span>
    </li>
  );
}

function Members({ slug, selfId }: { slug: string; selfId: string }) {
  const { t } = useTranslation();
  const members = useQuery(membersQuery(slug));
  if (members.isPending) return <RowsSkeleton label={t("communities.membersLoading")} />;
  if (members.isError)
    return <Failure what={t("communities.membersFailed")} retry={() => void members.refetch()} />;
  const leaders = members.data.filter((member) => member.role === "leader");
  const others = members.data.filter((member) => member.role !== "leader");
  return (
    <>
      {leaders.length > 0 ? (
        <section aria-labelledby="h-leaders">
          <div className="section-head">
            <h2 id="h-leaders">{t("communities.ledBy")}</h2>
          </div>
          <ul className="people">
            {leaders.map((member) => (
              <Person key={member.id} member={member} selfId={selfId} />
            ))}
          </ul>
        </section>
      ) : null}
      {others.length > 0 ? (
        <section aria-labelledby="h-members">
          <div className="section-head">
            <h2 id="h-members">{t("communities.members")}</h2>
            <span className="meta">{others.length}</span>
          </div>
          <ul className="people">
            {others.slice(0, 12).map((member) => (
              <Person key={member.id} member={member} selfId={selfId} />
            ))}
          </ul>
          {others.length > 12 ? (
            <p className="meta top">{t("communities.andOthers", { count: others.length - 12 })}</p>
          ) : null}
        </section>
      ) : null}
    </>
  );
}

/** What a community is, as one line under its name. */
export function CommunityFacts({ community }: { community: Community }) {
  const { t } = useTranslation();
  return (
    <>
      {t(`communities.visibility.${community.visibility}`)},{" "}
      {t("communities.memberCount", { count: community.members_count })}
    </>
  );
}

export function CommunityProblem({ error, retry }: { error: Error; retry: () => void }) {
  const { t } = useTranslation();
  if (error instanceof Problem && error.status === 404) return <Missing>{t("communities.missing")}</Missing>;
  if (error instanceof Problem && error.status === 403)
    return <Forbidden>{t("communities.forbidden")}</Forbidden>;
  return (
    <Failure
      what={t("communities.failed")}
      retry={retry}
      reference={error instanceof Problem ? error.reference : undefined}
    />
  );
}

type Props = { slug: string; selfId: string; actions: ReactNode; documents: ReactNode };

/** A community's front page: what it is for, what is being written, who is in it. */
export function CommunityHome({ slug, selfId, actions, documents }: Props) {
  const { t } = useTranslation();
  const community = useQuery(communityQuery(slug));
  const failed = community.isError ? t("states.problemTitle") : undefined;
  usePageTitle(community.data?.name ?? failed);
  if (community.isPending) {
    return (
      <div className="wide-max page-body after-bar">
        <RowsSkeleton label={t("communities.loading")} />
      </div>
    );
  }
  if (community.isError) {
    return (
      <div className="wide-max page-body after-bar">
        <h1 className="sr">{t("states.problemTitle")}</h1>
        <CommunityProblem error={community.error} retry={() => void community.refetch()} />
      </div>
    );
  }
  const facts = community.data;
  return (
    <div className="wide-max">
      <div className="page-head comm-head">
        <div className="line top-line">
          <Tile id={facts.id} name={facts.name} size="xl" />
          <div className="grow">
            <h1>{facts.name}</h1>
            <p className="lede">{facts.purpose}</p>
            <p className="meta facts-line">
              <span className="line">
                <Icon of={VISIBILITY_ICONS[facts.visibility] ?? Eye} small />
                {t(`communities.visibility.${facts.visibility}`)}
              </span>
              <span className="line">
                <Icon of={Users} small />
                {t("communities.memberCount", { count: facts.members_count })}
              </span>
            </p>
          </div>
        </div>
        <div className="actions">{actions}</div>
      </div>
      <div className="page-body cols">
        <div className="stack">{documents}</div>
        <div className="stack">
          <Members slug={slug} selfId={selfId} />
        </div>
      </div>
    </div>
  );
}
