import { useTranslation } from "react-i18next";
import { AllDocuments, NewDocumentSomewhere } from "../../features/documents";
import { usePageTitle } from "../../ui/hooks";
import { useInside } from "../Root";

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
        <AllDocuments community={null} selfId={me.id} emptyText={t("home.noDocuments")} />
      </div>
    </div>
  );
}
