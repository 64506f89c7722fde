import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Instance, instanceQuery, saveInstance } from "../../api";
import { Choices, Field } from "../../ui/Fields";
import { Refused } from "../../ui/Lists";
import { TextSkeleton } from "../../ui/States";
import { toast } from "../../ui/Toasts";
import { AdminForbidden, AdminFrame, useAdminProblem } from "./frame";

const NAME_LENGTH = 80;

function Settings({ instance }: { instance: Instance }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useAdminProblem();
  const id = useId();
  const [draft, setDraft] = useState<Partial<Instance>>({});
  const [asked, setAsked] = useState(false);
  const shown = { ...instance, ...draft };
  const changed = shown.name !== instance.name || shown.who_may_create !== instance.who_may_create;
  const nameless = asked && shown.name.trim() === "";
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
    if (shown.name.trim() === "") {
      document.getElementById(id)?.focus();
      return;
    }
    if (changed && !isPending) mutate({ wanted: { ...shown, name: shown.name.trim() }, undone: false });
  }
  return (
    <form className="form wide" onSubmit={send} noValidate>
      <Field
        id={id}
        label={t("admin.instance.name")}
        hint={t("admin.instance.nameHint")}
        error={nameless ? t("admin.instance.nameMissing") : null}
      >
        {(described) => (
          <input
            {...described}
            className="input"
            maxLength={NAME_LENGTH}
            autoComplete="off"
            value={shown.name}
            onChange={(event) => setDraft({ ...draft, name: event.target.value })}
          />
        )}
      </Field>
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
