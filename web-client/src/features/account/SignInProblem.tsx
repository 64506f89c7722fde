import { CircleAlert, MailCheck } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Icon } from "../../ui/Icon";

const CODES = [
  "provider-refused",
  "provider-down",
  "state-unknown",
  "token-invalid",
  "not-allowed",
  "no-account",
  "email-unverified",
  "merge-sent",
  "merge-unavailable",
  "too-often",
  "unavailable",
] as const;
type Code = (typeof CODES)[number];

export const isKnownCode = (code: string): code is Code => CODES.some((one) => one === code);

/** What happened on the way back from the provider, what to do, and the reference to quote. */
export function SignInProblem({ code, reference }: { code: string; reference: string | undefined }) {
  const { t } = useTranslation();
  const known = isKnownCode(code) ? code : "other";
  const waits = known === "merge-sent";
  return (
    <div className={waits ? "note info" : "note danger"} role="alert">
      <span className="icon-wrap">
        <Icon of={waits ? MailCheck : CircleAlert} />
      </span>
      <div>
        <p>
          <strong>{t(`signIn.errors.${known}.title`)}</strong>
        </p>
        <p>{t(`signIn.errors.${known}.text`)}</p>
        {reference && !waits ? <p className="meta top">{t("states.reference", { reference })}</p> : null}
      </div>
    </div>
  );
}
