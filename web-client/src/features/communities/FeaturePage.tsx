import { Link } from "@tanstack/react-router";
import { EyeOff } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { CommunityPlace, Feature } from "../../api";
import { usePageTitle } from "../../ui/hooks";
import { Empty } from "../../ui/States";
import { ArchivedNote, EntryNote } from "./Banners";
import { MembersOnly } from "./MembersOnly";
import { NoPlace, usePlace } from "./NoPlace";
import { leads } from "./words";
import "./communities.css";

type Props = {
  slug: string;
  feature: Feature;
  /** The way to a new one, for who may write. */
  create: (place: CommunityPlace) => ReactNode;
  list: (place: CommunityPlace) => ReactNode;
};

/** One of a community's lists: its pages, articles, questions. */
export function FeaturePage({ slug, feature, create, list }: Props) {
  const { t } = useTranslation();
  const { asked, place } = usePlace(slug);
  const title = t(`composition.features.${feature}.name`);
  usePageTitle(place ? `${title} – ${place.name}` : undefined);
  if (!place) return <NoPlace asked={asked} title={title} loading={t("documents.loading")} narrow />;
  const reads = place.access !== "none";
  const here = place.features.includes(feature);
  return (
    <div className="wide-max narrow">
      <div className="page-head">
        <div>
          <h1>{title}</h1>
          <p className="lede">{t(`composition.features.${feature}.hint`)}</p>
        </div>
        <div className="actions">{here && reads && !place.archived ? create(place) : null}</div>
      </div>
      <div className="page-body">
        <ArchivedNote place={place} />
        <EntryNote place={place} />
        {!reads ? (
          <MembersOnly place={place} />
        ) : here ? (
          list(place)
        ) : (
          <Empty
            icon={EyeOff}
            action={
              leads(place.role) ? (
                <Link className="btn" to="/c/$slug/settings" params={{ slug }}>
                  {t("composition.open")}
                </Link>
              ) : undefined
            }
          >
            {t("composition.takenAway", { name: place.name })}
          </Empty>
        )}
      </div>
    </div>
  );
}
