import { useParams, useRouterState } from "@tanstack/react-router";
import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { DocumentPage } from "../../features/documents";
import { TextSkeleton } from "../../ui/States";
import { useInside } from "../Root";

export function DocumentRoute() {
  const { t } = useTranslation();
  const { id } = useParams({ from: "/d/$id" });
  const { me, expired, openHelp } = useInside();
  const fresh = useRouterState({ select: (state) => state.location.state.fresh === true });
  return (
    <Suspense
      fallback={
        <div className="doc-waiting">
          <h1 className="sr">{t("documents.opening")}</h1>
          <TextSkeleton label={t("documents.opening")} />
        </div>
      }
    >
      <DocumentPage key={id} id={id} me={me} expired={expired} fresh={fresh} onHelp={openHelp} />
    </Suspense>
  );
}
