import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { WifiOff } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { usePageTitle } from "../ui/hooks";
import { Empty, Failure, Missing } from "../ui/States";

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

/** The code of a page is on the other side of a network that is away. */
export class Away extends Error {
  override readonly name = "Away";
}

/** Something broke while drawing a page: the fault is ours, or the network is away. */
export function Broken({ error }: ErrorComponentProps) {
  const { t } = useTranslation();
  const router = useRouter();
  const retry = () => void router.invalidate();
  const away = error instanceof Away;
  useEffect(() => {
    if (!away) return;
    const back = () => void router.invalidate();
    window.addEventListener("online", back);
    return () => window.removeEventListener("online", back);
  }, [away, router]);
  usePageTitle(t("states.problemTitle"));
  return (
    <div className="wide-max page-body after-bar">
      <h1 className="sr">{t("states.problemTitle")}</h1>
      {away ? (
        <Empty
          icon={WifiOff}
          action={
            <button type="button" className="btn" onClick={retry}>
              {t("states.retry")}
            </button>
          }
        >
          {t("states.needsNetwork")}
        </Empty>
      ) : (
        <Failure what={t("states.broken")} retry={retry} />
      )}
    </div>
  );
}
