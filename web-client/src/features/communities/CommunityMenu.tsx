import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { House, Settings, Users } from "lucide-react";
import { useTranslation } from "react-i18next";
import { type Feature, placeQuery } from "../../api";
import { Icon } from "../../ui/Icon";
import { CommunityFacts } from "./CommunityHome";
import { FEATURE_ICONS, VISIBILITY_ICONS } from "./words";

/** Being inside a place is not being at it. */
const EXACT = { exact: true } as const;

/** Which entry of a community's menu one is at. */
export type Section = "home" | Feature | "members" | "settings";

/** Addresses of the lists; documents keep their short one. */
export const FEATURE_PATHS = {
  documents: "/c/$slug/docs",
  wiki: "/c/$slug/wiki",
  posts: "/c/$slug/posts",
  faq: "/c/$slug/faq",
} as const satisfies Record<Feature, string>;

type LinksProps = { slug: string; here: Section | null; onGo?: () => void; settings?: boolean };

function SettingsLink({ slug, here, onGo }: LinksProps) {
  const { t } = useTranslation();
  return (
    <Link
      activeOptions={EXACT}
      to="/c/$slug/settings"
      params={{ slug }}
      aria-current={here === "settings" ? "page" : undefined}
      onClick={onGo}
    >
      <Icon of={Settings} />
      <span>{t("community.settings")}</span>
    </Link>
  );
}

/** Entries of a community's menu: what it has, in its leader's order. */
export function CommunityLinks({ slug, here, onGo, settings = true }: LinksProps) {
  const { t } = useTranslation();
  const place = useQuery(placeQuery(slug)).data;
  const reads = place ? place.access !== "none" : true;
  const at = (section: Section) => (here === section ? ("page" as const) : undefined);
  const asking = place?.pending_joins_count ?? 0;
  return (
    <ul className="nav">
      <li>
        <Link activeOptions={EXACT} to="/c/$slug" params={{ slug }} aria-current={at("home")} onClick={onGo}>
          <Icon of={House} />
          <span>{t("nav.home")}</span>
        </Link>
      </li>
      {reads
        ? (place?.features ?? []).map((feature) => (
            <li key={feature}>
              <Link
                activeOptions={EXACT}
                to={FEATURE_PATHS[feature]}
                params={{ slug }}
                aria-current={at(feature)}
                onClick={onGo}
              >
                <Icon of={FEATURE_ICONS[feature]} />
                <span>{t(`composition.features.${feature}.name`)}</span>
              </Link>
            </li>
          ))
        : null}
      {reads ? (
        <li>
          <Link
            activeOptions={EXACT}
            to="/c/$slug/members"
            params={{ slug }}
            aria-current={at("members")}
            onClick={onGo}
          >
            <Icon of={Users} />
            <span>{t("communities.members")}</span>
            {asking > 0 ? (
              <span className="count">
                {asking}
                <span className="sr"> {t("community.asking", { count: asking })}</span>
              </span>
            ) : null}
          </Link>
        </li>
      ) : null}
      {settings && place?.role ? (
        <li>
          <SettingsLink slug={slug} here={here} onGo={onGo} />
        </li>
      ) : null}
    </ul>
  );
}

/** The column beside the rail while one is in a community. */
export function CommunitySide({ slug, name, here }: { slug: string; name: string; here: Section | null }) {
  const { t } = useTranslation();
  const place = useQuery(placeQuery(slug)).data;
  return (
    <nav className="side" aria-label={t("nav.community")}>
      <div className="side-head">
        <p className="name">{place?.name ?? name}</p>
        {place ? (
          <p className="meta line">
            <Icon of={VISIBILITY_ICONS[place.visibility]} small />
            <CommunityFacts community={place} />
          </p>
        ) : null}
      </div>
      <CommunityLinks slug={slug} here={here} settings={false} />
      {place?.role ? (
        <div className="nav side-foot">
          <SettingsLink slug={slug} here={here} />
        </div>
      ) : null}
    </nav>
  );
}
