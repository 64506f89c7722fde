import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus, SearchX, UsersRound } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type CommunityCard,
  type CommunityScope,
  communityListQuery,
  JOININGS,
  type Joining,
  type Me,
} from "../../api";
import { Tile } from "../../ui/Face";
import { usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { Listed, SearchField, Tabs, useSettled } from "../../ui/Lists";
import { Empty } from "../../ui/States";
import { DirectorySwitch } from "./DirectorySwitch";
import { JoinButton } from "./JoinButton";
import { VISIBILITY_ICONS } from "./words";
import "./communities.css";

function Card({ community }: { community: CommunityCard }) {
  const { t } = useTranslation();
  const facts = [
    t("communities.memberCount", { count: community.members_count }),
    community.role ? t("directory.yours") : t(`community.joining.${community.joining}.short`),
  ];
  return (
    <li>
      <div className="row mid dir-row">
        <Tile id={community.id} name={community.name} />
        <div className="grow">
          <p className="clip">
            <Link className="cover" to="/c/$slug" params={{ slug: community.slug }}>
              {community.name}
            </Link>
          </p>
          {community.purpose ? <p className="two-lines muted">{community.purpose}</p> : null}
          <p className="meta dots">
            <Icon of={VISIBILITY_ICONS[community.visibility]} small />
            <span>{[t(`communities.visibility.${community.visibility}`), ...facts].join(" · ")}</span>
          </p>
        </div>
        {community.role ? null : (
          <div className="answer">
            <JoinButton community={community} small />
          </div>
        )}
      </div>
    </li>
  );
}

/** Every community that may be found, and the way into each. */
export function DirectoryPage({ me, mayRequest }: { me: Me; mayRequest: boolean }) {
  const { t } = useTranslation();
  const id = useId();
  const outsider = me.role === "outsider";
  const [scope, setScope] = useState<CommunityScope>(outsider ? "mine" : "all");
  const [typed, setTyped] = useState("");
  const [joining, setJoining] = useState<Joining | null>(null);
  const q = useSettled(typed.trim());
  const list = useInfiniteQuery(communityListQuery({ q, scope, joining }));
  usePageTitle(t("directory.communities"));
  return (
    <div className="wide-max narrow">
      <div className="page-head">
        <div>
          <h1>{t("directory.communities")}</h1>
          <p className="lede">{t(outsider ? "directory.outsiderHint" : "directory.communitiesHint")}</p>
        </div>
        <div className="actions">
          <DirectorySwitch />
          {mayRequest ? (
            <Link className="btn primary" to="/request">
              <Icon of={Plus} small />
              {t("directory.request")}
            </Link>
          ) : null}
        </div>
      </div>
      <div className="page-body">
        {outsider ? null : (
          <Tabs<CommunityScope>
            label={t("directory.which")}
            value={scope}
            onChange={setScope}
            tabs={[
              { value: "all", label: t("directory.all") },
              { value: "open", label: t("directory.openToMe") },
              { value: "mine", label: t("directory.mine") },
            ]}
          />
        )}
        <div className="filters">
          <div className="field wide">
            <SearchField
              label={t("directory.search")}
              placeholder={t("directory.searchHint")}
              value={typed}
              onChange={setTyped}
            />
          </div>
          {outsider ? null : (
            <div className="field">
              <label className="sr" htmlFor={id}>
                {t("directory.joining")}
              </label>
              <select
                id={id}
                className="select"
                value={joining ?? ""}
                onChange={(event) => setJoining((event.target.value || null) as Joining | null)}
              >
                <option value="">{t("directory.anyJoining")}</option>
                {JOININGS.map((one) => (
                  <option key={one} value={one}>
                    {t(`community.joining.${one}.title`)}
                  </option>
                ))}
              </select>
            </div>
          )}
        </div>
        <Listed
          list={list}
          loading={t("directory.loading")}
          failed={t("directory.failed")}
          empty={
            q === "" ? (
              <Empty icon={UsersRound}>
                {t(scope === "mine" ? "communities.noneYet" : "directory.none")}
              </Empty>
            ) : (
              <Empty
                icon={SearchX}
                action={
                  scope === "all" ? undefined : (
                    <button type="button" className="btn" onClick={() => setScope("all")}>
                      {t("directory.everywhere")}
                    </button>
                  )
                }
              >
                {t("directory.nothing", { text: q })}
              </Empty>
            )
          }
        >
          {(items) => (
            <ul className="rows" aria-busy={list.isPlaceholderData}>
              {items.map((community) => (
                <Card key={community.id} community={community} />
              ))}
            </ul>
          )}
        </Listed>
      </div>
    </div>
  );
}
