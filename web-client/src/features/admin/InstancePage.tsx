import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type InputHTMLAttributes, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Instance, instanceQuery, saveInstance } from "../../api";
import { Choices, Field } from "../../ui/Fields";
import { Refused } from "../../ui/Lists";
import { TextSkeleton } from "../../ui/States";
import { toast } from "../../ui/Toasts";
import { AdminForbidden, AdminFrame, useAdminProblem } from "./frame";

const NAME_LENGTH = 80;
const URL_LENGTH = 500;

type TextKey = "name" | "legal_notice_url" | "help_email";

/** What a field lacks, as the name of its sentence. */
function wrong(instance: Instance, key: TextKey): "nameMissing" | "legalNoticeWrong" | "helpWrong" | null {
  const value = instance[key].trim();
  if (key === "name") return value === "" ? "nameMissing" : null;
  if (value === "") return null;
  if (key === "help_email") return /^[^\s@]+@[^\s@]+$/.test(value) ? null : "helpWrong";
  return /^https?:\/\/[^\s/@]+\S*$/.test(value) && URL.canParse(value) ? null : "legalNoticeWrong";
}

function Settings({ instance }: { instance: Instance }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useAdminProblem();
  const id = useId();
  const [draft, setDraft] = useState<Partial<Instance>>({});
  const [asked, setAsked] = useState(false);
  const shown = { ...instance, ...draft };
  const changed = Object.keys(instance).some((key) => {
    const name = key as keyof Instance;
    return shown[name] !== instance[name];
  });
  const { mutate, isPending } = useMutation({
    mutationFn: ({ wanted }: { wanted: Instance; undone: boolean }) => saveInstance(wanted),
    onSuccess: (_after, { undone }) => {
      setDraft({});
      if (!undone)
        toast({
          text: t("community.saved"),
          undo: () => mutate({ wanted: instance, undone: true }),
        });
    },
    onError: (error) => toast({ text: why(error) }),
    onSettled: () => queries.invalidateQueries(),
  });
  function send(event: FormEvent): void {
    event.preventDefault();
    setAsked(true);
    const first = (["name", "help_email", "legal_notice_url"] as const).find((key) => wrong(shown, key));
    if (first) document.getElementById(`${id}-${first}`)?.focus();
    else if (changed && !isPending) mutate({ wanted: shown, undone: false });
  }
  function text(key: TextKey, label: string, hint: string, rest: InputHTMLAttributes<HTMLInputElement>) {
    const lacks = asked ? wrong(shown, key) : null;
    return (
      <Field
        id={`${id}-${key}`}
        label={label}
        hint={hint}
        error={lacks ? t(`admin.instance.${lacks}`) : null}
      >
        {(described) => (
          <input
            {...described}
            {...rest}
            className="input"
            autoComplete="off"
            value={shown[key]}
            onChange={(event) => setDraft({ ...draft, [key]: event.target.value })}
          />
        )}
      </Field>
    );
  }
  return (
    <form className="form wide" onSubmit={send} noValidate>
      {text("name", t("admin.instance.name"), t("admin.instance.nameHint"), { maxLength: NAME_LENGTH })}
      <Choices
        legend={t("admin.instance.whoCreates")}
        value={shown.who_may_create}
        onChange={(who_may_create) => setDraft({ ...draft, who_may_create })}
        choices={(["approval", "agents"] as const).map((value) => ({
          value,
          title: t(`admin.instance.creates.${value}.title`),
          hint: t(`admin.instance.creates.${value}.hint`),
        }))}
      />
      {text("help_email", t("admin.instance.help"), t("admin.instance.helpHint"), {
        type: "email",
        maxLength: URL_LENGTH,
      })}
      {text("legal_notice_url", t("admin.instance.legalNotice"), t("admin.instance.legalNoticeHint"), {
        type: "url",
        placeholder: "https://",
        maxLength: URL_LENGTH,
      })}
      <div className="actions">
        <button
          type="submit"
          className="btn primary"
          aria-busy={isPending}
          aria-disabled={!changed || undefined}
          aria-describedby={changed ? undefined : `${id}-unchanged`}
        >
          {t("community.save")}
        </button>
        {changed ? (
          <button type="button" className="btn" onClick={() => setDraft({})}>
            {t("community.dropChanges")}
          </button>
        ) : (
          <span className="meta" id={`${id}-unchanged`}>
            {t("forms.unchanged")}
          </span>
        )}
      </div>
    </form>
  );
}

/** What holds for the whole instance. */
export function InstancePage() {
  const { t } = useTranslation();
  const instance = useQuery(instanceQuery);
  return (
    <AdminFrame title={t("admin.sections.instance")} lede={t("admin.instance.lede")}>
      {instance.data ? (
        <Settings instance={instance.data} />
      ) : instance.isError ? (
        <Refused
          error={instance.error}
          failed={t("admin.instance.failed")}
          forbidden={<AdminForbidden />}
          retry={() => void instance.refetch()}
        />
      ) : (
        <TextSkeleton label={t("admin.instance.loading")} />
      )}
    </AdminFrame>
  );
}
