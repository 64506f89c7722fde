import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Check, LoaderCircle } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { meQuery, Problem, redeemInvitation } from "../../api";
import { usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { VisitorFrame } from "./Landing";
import { SignInWays } from "./SignInWays";

const KEPT = "unisson.invitation";

/** The secret of the link; kept in this tab while one signs in at the provider, whose way back doesn't carry it. */
function readSecret(): string {
  const given = location.hash.slice(1);
  try {
    if (given !== "") sessionStorage.setItem(KEPT, given);
    return given || (sessionStorage.getItem(KEPT) ?? "");
  } catch {
    return given;
  }
}

function forgetSecret(): void {
  try {
    sessionStorage.removeItem(KEPT);
  } catch {
    // Nothing was kept either.
  }
}

/**
 * Where the link of an invitation leads. As with a link to sign in, the secret stands behind the `#` and a press uses it up.
 * Who isn't signed in comes in by it: the mail has proven the address.
 */
export function InvitationPage() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const me = useQuery(meQuery).data;
  const [secret] = useState(readSecret);
  const redeem = useMutation({
    mutationFn: () => redeemInvitation(secret),
    onSuccess: ({ slug }) => {
      forgetSecret();
      location.replace(`/c/${encodeURIComponent(slug)}`);
    },
  });
  const refused = redeem.error instanceof Problem ? redeem.error : null;
  const gone = secret === "" || (refused !== null && [400, 404, 410, 422].includes(refused.status));
  usePageTitle(t(gone ? "invitation.spentTitle" : "invitation.title"));
  if (gone) {
    return (
      <VisitorFrame>
        <h1>{t("invitation.spentTitle")}</h1>
        <p className="lede">{t("invitation.spent")}</p>
        {me ? (
          <a className="btn primary large" href="/">
            {t("nav.goHome")}
          </a>
        ) : (
          <SignInWays
            returnTo="/"
            onSignedIn={() => void queries.invalidateQueries().then(() => location.assign("/"))}
          />
        )}
      </VisitorFrame>
    );
  }
  // The address is a colleague's: they come in as who they are, and the link stays good.
  if (refused?.status === 401) {
    return (
      <VisitorFrame>
        <h1>{t("invitation.signInTitle")}</h1>
        <p className="lede">{t("invitation.signIn")}</p>
        <SignInWays
          returnTo="/invitation"
          onSignedIn={() => {
            redeem.reset();
            void queries.invalidateQueries();
          }}
        />
      </VisitorFrame>
    );
  }
  const busy = redeem.isPending || redeem.isSuccess;
  return (
    <VisitorFrame>
      <h1>{t("invitation.title")}</h1>
      <p className="lede">{t("invitation.text")}</p>
      {me ? <p className="note">{t("invitation.as", { name: me.name })}</p> : null}
      <button
        type="button"
        className="btn primary large"
        aria-busy={busy}
        onClick={() => !busy && redeem.mutate()}
      >
        <Icon of={busy ? LoaderCircle : Check} small />
        {t(busy ? "invitation.busy" : "invitation.accept")}
      </button>
      <div role="alert">
        {redeem.isError ? (
          <p className="error">{t(refused?.status === 403 ? "invitation.notYours" : "invitation.failed")}</p>
        ) : null}
      </div>
      <p className="hint">{t("invitation.hint")}</p>
    </VisitorFrame>
  );
}
