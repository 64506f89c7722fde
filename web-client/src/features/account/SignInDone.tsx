import { CircleCheck } from "lucide-react";
import { useTranslation } from "react-i18next";
import { usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { VisitorFrame } from "./Landing";

/** The end of signing in in a tab of its own: what was left open waits in the other. */
export function SignInDone() {
  const { t } = useTranslation();
  usePageTitle(t("signIn.done.title"));
  return (
    <VisitorFrame>
      <h1>{t("signIn.done.title")}</h1>
      <div className="note ok">
        <span className="icon-wrap">
          <Icon of={CircleCheck} />
        </span>
        <div>{t("signIn.done.text")}</div>
      </div>
      <div className="actions">
        <a className="btn" href="/">
          {t("nav.goHome")}
        </a>
      </div>
    </VisitorFrame>
  );
}
