import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type SimilarCommunity, similarQuery } from "../../api";
import { Tile } from "../../ui/Face";
import { useSettled } from "../../ui/Lists";

type Joining = (community: SimilarCommunity) => ReactNode;

function SimilarRow({ community, join }: { community: SimilarCommunity; join: Joining }) {
  const { t } = useTranslation();
  const { slug, name, members_count, role, joining } = community;
  return (
    <li>
      <div className="row mid">
        <Tile id={community.id} name={name} size="md" />
        <div className="grow">
          <p>
            <Link className="cover" to="/c/$slug" params={{ slug }} target="_blank">
              {name}
              <span className="sr"> {t("requests.newTab")}</span>
            </Link>
          </p>
          <p className="meta">
            {t("communities.memberCount", { count: members_count })} ·{" "}
            {role ? t("requests.already") : t(`requests.joining.${joining}`)}
          </p>
        </div>
        {!role && joining !== "invitation" ? <div className="answer">{join(community)}</div> : null}
      </div>
    </li>
  );
}

/** While a name is typed: communities that are called nearly so. */
export function Similar({ id, name, join }: { id: string; name: string; join: Joining }) {
  const { t } = useTranslation();
  const settled = useSettled(name.trim(), 350);
  const similar = useQuery(similarQuery(settled));
  const found = settled.length < 3 ? [] : (similar.data ?? []).slice(0, 4);
  return (
    <div id={id} role="status">
      {found.length > 0 ? (
        <div className="similar">
          <p className="sim-t">{t("requests.similar", { count: found.length })}</p>
          <ul className="rows">
            {found.map((community) => (
              <SimilarRow key={community.slug} community={community} join={join} />
            ))}
          </ul>
        </div>
      ) : null}
    </div>
  );
}
