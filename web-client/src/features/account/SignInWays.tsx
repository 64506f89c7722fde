/** The ways in: the provider, a link by e-mail, and in a demonstration its people. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { LoaderCircle, LogIn, MailCheck } from "lucide-react";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { askForLink, configQuery, Problem, providerAddress } from "../../api";
import { FieldError } from "../../ui/Fields";
import { Icon } from "../../ui/Icon";
import { Failure, RowsSkeleton } from "../../ui/States";
import { DemoPeople } from "./DemoPeople";

/** Enough to catch a slip; whether the address exists is the mail's to find out. */
const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/** One address, one mail; the answer is the same for every address. */
function EmailLinkForm({ returnTo }: { returnTo: string }) {
  const { t } = useTranslation();
  const id = useId();
  const [email, setEmail] = useState("");
  const [wrong, setWrong] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const sent = useRef<HTMLDivElement>(null);
  const send = useMutation({ mutationFn: (address: string) => askForLink(address, returnTo) });

  useEffect(() => {
    if (send.isSuccess) sent.current?.focus();
  }, [send.isSuccess]);

  function onSubmit(event: FormEvent): void {
    event.preventDefault();
    if (send.isPending) return;
    const address = email.trim();
    if (!ADDRESS.test(address)) {
      setWrong(true);
      field.current?.focus();
      return;
    }
    send.mutate(address);
  }

  if (send.isSuccess) {
    return (
      <div className="note ok" tabIndex={-1} ref={sent}>
        <span className="icon-wrap">
          <Icon of={MailCheck} />
        </span>
        <div>
          <p>
            <strong>{t("signIn.email.sentTitle")}</strong>
          </p>
          <p>{t("signIn.email.sent", { email: send.variables })}</p>
          <button type="button" className="btn small top" onClick={() => send.reset()}>
            {t("signIn.email.other")}
          </button>
        </div>
      </div>
    );
  }
  const tooMany = send.error instanceof Problem && send.error.status === 429;
  const failed = send.isError ? t(tooMany ? "signIn.email.tooMany" : "signIn.email.failed") : null;
  const error = wrong ? t("signIn.email.wrong") : failed;
  return (
    <form className="field" onSubmit={onSubmit} noValidate>
      <label htmlFor={id}>{t("signIn.email.label")}</label>
      <div className="mail-line">
        <input
          ref={field}
          id={id}
          className="input"
          type="email"
          autoComplete="email"
          inputMode="email"
          value={email}
          aria-invalid={wrong}
          aria-describedby={error ? `${id}-error ${id}-hint` : `${id}-hint`}
          onChange={(event) => {
            setEmail(event.target.value);
            setWrong(false);
          }}
        />
        <button type="submit" className="btn edge" aria-busy={send.isPending}>
          {send.isPending ? <Icon of={LoaderCircle} small /> : null}
          {t(send.isPending ? "forms.busy" : "signIn.email.send")}
        </button>
      </div>
      <div role="alert">{error ? <FieldError id={`${id}-error`}>{error}</FieldError> : null}</div>
      <p className="hint" id={`${id}-hint`}>
        {t("signIn.email.hint")}
      </p>
    </form>
  );
}

type Props = {
  /** Where the provider and the mail lead afterwards: an address of this site. */
  returnTo: string;
  onSignedIn: (id: string) => void;
  /** Over something that is open: the provider's pages come in a tab of their own. */
  over?: { personId: string };
};

export function SignInWays({ returnTo, onSignedIn, over }: Props) {
  const { t } = useTranslation();
  const config = useQuery(configQuery);
  if (config.isPending) return <RowsSkeleton label={t("signIn.loading")} />;
  if (config.isError) return <Failure what={t("signIn.waysFailed")} retry={() => void config.refetch()} />;
  const { provider, email } = config.data.sign_in;
  const { demo } = config.data;
  return (
    <>
      {provider ? (
        <>
          <a
            className="btn primary large block"
            href={providerAddress(returnTo)}
            {...(over ? { target: "_blank", rel: "noopener" } : {})}
          >
            <Icon of={LogIn} small />
            {t("signIn.with", { provider: provider.name })}
          </a>
          <p className="hint">{t(over ? "signIn.newTab" : "signIn.withHint")}</p>
        </>
      ) : null}
      {email ? (
        <>
          {provider ? <p className="or">{t("signIn.or", { provider: provider.name })}</p> : null}
          <EmailLinkForm returnTo={returnTo} />
        </>
      ) : null}
      {demo ? (
        <div className="sign-demo">
          {over ? null : (
            <div>
              <h2>{t(provider || email ? "signIn.demoTitle" : "signIn.title")}</h2>
              <p className="hint">{t(returnTo === "/" ? "signIn.hint" : "signIn.toContinue")}</p>
            </div>
          )}
          <DemoPeople onSignedIn={onSignedIn} {...(over ? { only: over.personId } : {})} />
        </div>
      ) : null}
      {!provider && !email && !demo ? <p className="note">{t("signIn.none")}</p> : null}
    </>
  );
}
