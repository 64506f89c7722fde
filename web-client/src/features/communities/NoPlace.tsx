import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type CommunityPlace, isMissing, placeQuery } from "../../api";
import { usePageTitle } from "../../ui/hooks";
import { RowsSkeleton } from "../../ui/States";
import { CommunityProblem } from "./CommunityProblem";

/** The community of a page. What was shown before is shown no more to whom it is closed meanwhile. */
export function usePlace(slug: string) {
  const asked = useQuery(placeQuery(slug));
  return { asked, place: isMissing(asked.error) ? undefined : asked.data };
}

type Props = {
  asked: UseQueryResult<CommunityPlace>;
  /** What the page will be called, as far as that is known before the answer. */
  title: string;
  loading: string;
  narrow?: boolean;
};

/** A community's page whose community isn't there: on its way, or the reason why it can't be shown. */
export function NoPlace({ asked, title, loading, narrow = false }: Props) {
  const { t } = useTranslation();
  const called = asked.isError ? t("states.problemTitle") : title;
  usePageTitle(called);
  return (
    <div className={narrow ? "wide-max narrow page-body after-bar" : "wide-max page-body after-bar"}>
      <h1 className="sr">{called}</h1>
      {asked.isError ? (
        <CommunityProblem error={asked.error} retry={() => void asked.refetch()} />
      ) : (
        <RowsSkeleton label={loading} />
      )}
    </div>
  );
}
