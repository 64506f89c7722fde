import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "../../api";
import { Dialog } from "../../ui/Overlay";
import { onSignedInElsewhere } from "./returning";
import { SignInWays } from "./SignInWays";
import "./landing.css";

type Props = { me: Me; onSignedIn: (id: string) => void; onLook: () => void; onLater: () => void };

/**
 * The login ran out while something was open: signing in happens over it, and nothing typed is lost. The provider's pages
 * and the link of a mail open in another tab; `onLook` asks whether somebody is signed in by now.
 */
export function SignInAgain({ me, onSignedIn, onLook, onLater }: Props) {
  const { t } = useTranslation();
  const look = useRef(onLook);
  look.current = onLook;
  useEffect(() => onSignedInElsewhere(() => look.current()), []);
  return (
    <Dialog onClose={onLater} title={t("expired.title")} dismissable={false}>
      <p>{t("expired.text")}</p>
      <div className="expired-people">
        <SignInWays returnTo="/signed-in" onSignedIn={onSignedIn} over={{ personId: me.id }} />
      </div>
      <div className="actions">
        <button type="button" className="btn" onClick={onLater}>
          {t("expired.later")}
        </button>
      </div>
    </Dialog>
  );
}
