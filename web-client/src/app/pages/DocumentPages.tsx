import { useParams, useRouterState } from "@tanstack/react-router";
import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { AllDocuments, DocumentPage, NewDocument, NewDocumentSomewhere } from "../../features/documents";
import { usePageTitle } from "../../ui/hooks";
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

/** Everything I can open, latest first. */
export function DocumentsPage() {
  const { t } = useTranslation();
  const { me } = useInside();
  usePageTitle(t("nav.myDocuments"));
  return (
    <div className="wide-max narrow">
      <div className="page-head">
        <div>
          <h1>{t("nav.myDocuments")}</h1>
          <p className="lede">{t("documents.allHint")}</p>
        </div>
        <div className="actions">
          <NewDocumentSomewhere me={me} />
        </div>
      </div>
      <div className="page-body">
        <AllDocuments
          community={null}
          selfId={me.id}
          emptyText={t("home.noDocuments")}
          action={<NewDocument community={null} quiet />}
        />
      </div>
    </div>
  );
}
