import { useMutation } from "@tanstack/react-query";
import { LoaderCircle, LogIn } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem, redeemLink } from "../../api";
import { usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { VisitorFrame } from "./Landing";
import { localAddress } from "./returning";
import { SignInWays } from "./SignInWays";

/** Used, too old, or never given out: the server doesn't say which. */
function Spent() {
  const { t } = useTranslation();
  usePageTitle(t("signIn.link.spentTitle"));
  return (
    <VisitorFrame>
      <h1>{t("signIn.link.spentTitle")}</h1>
      <p className="lede">{t("signIn.link.spent")}</p>
      <SignInWays returnTo="/" onSignedIn={() => location.assign("/")} />
    </VisitorFrame>
  );
}

/**
 * Where the link of a mail leads. The secret stands behind the `#`, where no log sees it, and is used up by a press: a
 * scanner that opens every link of a mail doesn't press.
 */
export function LinkPage() {
  const { t } = useTranslation();
  const [secret] = useState(() => location.hash.slice(1));
  const redeem = useMutation({
    mutationFn: () => redeemLink(secret),
    // A new page: whatever was open here as somebody else is gone.
    onSuccess: (answered) => location.replace(localAddress(answered.return_to)),
  });
  usePageTitle(t("signIn.link.title"));
  const gone =
    redeem.error instanceof Problem && [400, 404, 410, 422].includes(redeem.error.status)
      ? redeem.error
      : null;
  if (secret === "" || gone) return <Spent />;
  const elsewhere = redeem.error instanceof Problem && redeem.error.status === 409;
  const busy = redeem.isPending || redeem.isSuccess;
  return (
    <VisitorFrame>
      <h1>{t("signIn.link.title")}</h1>
      <p className="lede">{t("signIn.link.text")}</p>
      <button
        type="button"
        className="btn primary large"
        aria-busy={busy}
        onClick={() => !busy && redeem.mutate()}
      >
        <Icon of={busy ? LoaderCircle : LogIn} small />
        {t(busy ? "signIn.link.busy" : "signIn.link.do")}
      </button>
      <div role="alert">
        {redeem.isError ? (
          <p className="error">{t(elsewhere ? "signIn.link.otherBrowser" : "signIn.link.failed")}</p>
        ) : null}
      </div>
      <p className="hint">{t("signIn.link.hint")}</p>
    </VisitorFrame>
  );
}
