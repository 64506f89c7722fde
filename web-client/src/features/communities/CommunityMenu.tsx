import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FileText, House } from "lucide-react";
import { useTranslation } from "react-i18next";
import { communityQuery } from "../../api";
import { Icon } from "../../ui/Icon";
import { CommunityFacts, VISIBILITY_ICONS } from "./CommunityHome";

/** Being inside a place is not being at it. */
const EXACT = { exact: true } as const;

/** Entries of a community's menu: only what it has. */
export function CommunityLinks({
  slug,
  here,
  onGo,
}: {
  slug: string;
  here: "home" | "docs" | null;
  onGo?: () => void;
}) {
  const { t } = useTranslation();
  return (
    <ul className="nav">
      <li>
        <Link
          activeOptions={EXACT}
          to="/c/$slug"
          params={{ slug }}
          aria-current={here === "home" ? "page" : undefined}
          onClick={onGo}
        >
          <Icon of={House} />
          <span>{t("nav.home")}</span>
        </Link>
      </li>
      <li>
        <Link
          activeOptions={EXACT}
          to="/c/$slug/docs"
          params={{ slug }}
          aria-current={here === "docs" ? "page" : undefined}
          onClick={onGo}
        >
          <Icon of={FileText} />
          <span>{t("nav.documents")}</span>
        </Link>
      </li>
    </ul>
  );
}

/** The column beside the rail while one is in a community. */
export function CommunitySide({
  slug,
  name,
  here,
}: {
  slug: string;
  name: string;
  here: "home" | "docs" | null;
}) {
  const { t } = useTranslation();
  const community = useQuery(communityQuery(slug)).data;
  return (
    <nav className="side" aria-label={t("nav.community")}>
      <div className="side-head">
        <p className="name">{community?.name ?? name}</p>
        {community ? (
          <p className="meta line">
            <Icon of={VISIBILITY_ICONS[community.visibility]} small />
            <CommunityFacts community={community} />
          </p>
        ) : null}
      </div>
      <CommunityLinks slug={slug} here={here} />
    </nav>
  );
}
