import { Link, useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { usePageTitle } from "../ui/hooks";
import { Failure, Missing } from "../ui/States";

/** No page has this address. */
export function NotFound() {
  const { t } = useTranslation();
  usePageTitle(t("states.notFoundTitle"));
  return (
    <div className="wide-max page-body after-bar">
      <h1 className="sr">{t("states.notFoundTitle")}</h1>
      <Missing
        action={
          <Link className="btn primary" to="/">
            {t("nav.goHome")}
          </Link>
        }
      >
        {t("states.notFound")}
      </Missing>
    </div>
  );
}

/** Something broke while drawing a page: the fault is ours. */
export function Broken() {
  const { t } = useTranslation();
  const router = useRouter();
  usePageTitle(t("states.problemTitle"));
  return (
    <div className="wide-max page-body after-bar">
      <h1 className="sr">{t("states.problemTitle")}</h1>
      <Failure what={t("states.broken")} retry={() => void router.invalidate()} />
    </div>
  );
}
