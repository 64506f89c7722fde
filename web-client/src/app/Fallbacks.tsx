import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Unreachable } from "../api";
import { usePageTitle } from "../ui/hooks";
import { Refused } from "../ui/Lists";
import { Missing } from "../ui/States";

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

/** Something broke while drawing a page: the fault is ours, or the network is away. */
export function Broken({ error }: ErrorComponentProps) {
  const { t } = useTranslation();
  const router = useRouter();
  const retry = () => void router.invalidate();
  const away = error instanceof Unreachable;
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
      <Refused
        error={error instanceof Error ? error : new Error()}
        failed={t("states.broken")}
        retry={retry}
      />
    </div>
  );
}
