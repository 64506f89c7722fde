import { useTranslation } from "react-i18next";
import type { Me } from "../../api";
import { Dialog } from "../../ui/Overlay";
import { DemoPeople } from "./DemoPeople";

type Props = { me: Me; onSignedIn: (id: string) => void; onLater: () => void };

/** The login ran out while something was open: signing in happens over it, and nothing typed is lost. */
export function SignInAgain({ me, onSignedIn, onLater }: Props) {
  const { t } = useTranslation();
  return (
    <Dialog onClose={onLater} title={t("expired.title")} dismissable={false}>
      <p>{t("expired.text")}</p>
      <div className="expired-people">
        <DemoPeople only={me.id} onSignedIn={onSignedIn} />
      </div>
      <div className="actions">
        <button type="button" className="btn" onClick={onLater}>
          {t("expired.later")}
        </button>
      </div>
    </Dialog>
  );
}
