import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { isMissing } from "../../api";
import { Refused } from "../../ui/Lists";
import { Forbidden, Missing } from "../../ui/States";

/** Why a community can't be shown. Closed and absent look the same from outside. */
export function CommunityProblem({ error, retry }: { error: Error; retry: () => void }) {
  const { t } = useTranslation();
  const others = (
    <Link className="btn" to="/communities">
      {t("community.others")}
    </Link>
  );
  if (isMissing(error)) return <Missing action={others}>{t("communities.missing")}</Missing>;
  return (
    <Refused
      error={error}
      failed={t("communities.failed")}
      forbidden={<Forbidden action={others}>{t("communities.forbidden")}</Forbidden>}
      retry={retry}
    />
  );
}
