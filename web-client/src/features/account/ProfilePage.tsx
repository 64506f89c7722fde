import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Download, LoaderCircle } from "lucide-react";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Directory, EXPORT_ADDRESS, type Me, meQuery, Problem, saveProfile } from "../../api";
import { chooseLanguage, currentLanguage, LANGUAGE_NAMES, LANGUAGES, type Language } from "../../i18n";
import { announce } from "../../ui/Announcer";
import { Face } from "../../ui/Face";
import { Choices, ErrorSummary, Field } from "../../ui/Fields";
import { usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { toast } from "../../ui/Toasts";
import "./profile.css";

/** Being inside a place is not being at it. */
const EXACT = { exact: true } as const;
const NAME_LENGTH = 120;
const SERVICE_LENGTH = 160;
const DIRECTORIES: readonly Directory[] = ["agents", "communities"];

/** Title and the two parts of one's own pages. */
export function ProfileFrame({
  me,
  part,
  children,
}: {
  me: Me;
  part: "profile" | "sessions";
  children: ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <div className="wide-max narrow">
      <div className="page-head">
        <div className="line profile-head">
          <Face id={me.id} name={me.name} outsider={me.role === "outsider"} size="lg" />
          <div className="grow">
            <h1>{t(part === "profile" ? "profile.title" : "profile.sessionsTitle")}</h1>
            <p className="lede">
              {me.name} · {t(`people.roles.${me.role}`)}
            </p>
          </div>
        </div>
      </div>
      <div className="page-body">
        <nav className="tabs" aria-label={t("profile.parts")}>
          <Link activeOptions={EXACT} to="/profile" aria-current={part === "profile" ? "page" : undefined}>
            {t("profile.title")}
          </Link>
          <Link
            activeOptions={EXACT}
            to="/profile/sessions"
            aria-current={part === "sessions" ? "page" : undefined}
          >
            {t("profile.sessionsTitle")}
          </Link>
        </nav>
        <div className="stack profile-parts">{children}</div>
      </div>
    </div>
  );
}

function Settings({ me }: { me: Me }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const form = useId();
  const [name, setName] = useState(me.name);
  const [service, setService] = useState(me.service ?? "");
  const [language, setLanguage] = useState<Language>(currentLanguage());
  const [directory, setDirectory] = useState<Directory>(me.directory);
  const [attempt, setAttempt] = useState(0);
  const save = useMutation({
    mutationFn: saveProfile,
    onSuccess: async (now) => {
      queries.setQueryData(meQuery.queryKey, now);
      await chooseLanguage(language);
      announce(t("profile.saved"));
      toast({ text: t("profile.saved") });
    },
  });
  const short = name.trim().length < 2 ? t("profile.nameShort") : null;
  const shown = attempt > 0 ? short : null;
  const outsider = me.role === "outsider";

  function onSubmit(event: FormEvent): void {
    event.preventDefault();
    setAttempt((count) => count + 1);
    if (short || save.isPending) return;
    save.mutate({ name: name.trim(), service: service.trim() || null, language, directory });
  }

  const refused = save.error instanceof Problem ? t("profile.refused") : t("profile.away");
  return (
    <form className="form wide" onSubmit={onSubmit} noValidate>
      <ErrorSummary
        attempt={attempt}
        errors={shown ? [{ id: `${form}-name`, label: t("profile.name") }] : []}
      />
      <div className="two-fields">
        <Field id={`${form}-name`} label={t("profile.name")} hint={t("profile.nameHint")} error={shown}>
          {(described) => (
            <input
              {...described}
              className="input"
              autoComplete="name"
              maxLength={NAME_LENGTH}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field
          id={`${form}-service`}
          label={
            <>
              {t("profile.service")} <span className="meta optional">{t("forms.optional")}</span>
            </>
          }
          hint={t("profile.serviceHint")}
        >
          {(described) => (
            <input
              {...described}
              className="input"
              autoComplete="organization"
              maxLength={SERVICE_LENGTH}
              value={service}
              onChange={(event) => setService(event.target.value)}
            />
          )}
        </Field>
      </div>
      {me.email ? (
        <div className="field">
          <p className="strong">{t("profile.email")}</p>
          <p className="email">{me.email}</p>
          <p className="hint">{t("profile.emailHint")}</p>
        </div>
      ) : null}
      <Field id={`${form}-language`} label={t("settings.language")} hint={t("profile.languageHint")}>
        {(described) => (
          <select
            {...described}
            className="select language"
            value={language}
            onChange={(event) => setLanguage(event.target.value as Language)}
          >
            {LANGUAGES.map((one) => (
              <option key={one} value={one} lang={one}>
                {LANGUAGE_NAMES[one]}
              </option>
            ))}
          </select>
        )}
      </Field>
      {outsider ? null : (
        <Choices
          legend={t("profile.directory")}
          value={directory}
          columns="two"
          choices={DIRECTORIES.map((one) => ({
            value: one,
            title: t(`profile.directories.${one}.title`),
            hint: t(`profile.directories.${one}.text`),
          }))}
          onChange={setDirectory}
        />
      )}
      <div role="alert">{save.isError ? <p className="note danger">{refused}</p> : null}</div>
      <div className="actions form-end">
        <button type="submit" className="btn primary" aria-busy={save.isPending}>
          {save.isPending ? <Icon of={LoaderCircle} small /> : null}
          {t(save.isPending ? "profile.saving" : "profile.save")}
        </button>
      </div>
    </form>
  );
}

/** Name, organisation, language, who finds me; and all that is held about me, as a file. */
export function ProfilePage({ me }: { me: Me }) {
  const { t } = useTranslation();
  usePageTitle(t("profile.title"));
  return (
    <ProfileFrame me={me} part="profile">
      <Settings me={me} />
      <section className="card data-card" aria-labelledby="h-data">
        <h2 id="h-data">{t("profile.data")}</h2>
        <p className="muted">{t("profile.dataText")}</p>
        <div className="actions top">
          <a className="btn" href={EXPORT_ADDRESS} download>
            <Icon of={Download} small />
            {t("profile.dataDownload")}
          </a>
        </div>
      </section>
    </ProfileFrame>
  );
}
