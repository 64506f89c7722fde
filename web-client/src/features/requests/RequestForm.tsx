import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import {
  BookOpen,
  CircleQuestionMark,
  CloudAlert,
  CloudCheck,
  FileText,
  LoaderCircle,
  type LucideIcon,
  Newspaper,
} from "lucide-react";
import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type CommunityRequest,
  changeRequest,
  FEATURES,
  type Feature,
  findPeople,
  JOININGS,
  type Me,
  MODELS,
  type Model,
  makeRequest,
  myRequestsQuery,
  Problem,
  requestQuery,
  type SimilarCommunity,
  uuidv7,
  VISIBILITIES,
} from "../../api";
import { Check, Choices, ErrorSummary, Field, FieldError } from "../../ui/Fields";
import { Icon } from "../../ui/Icon";
import { PeoplePicker } from "../../ui/PeoplePicker";
import { faultsOf, NAME_LENGTH, PURPOSE_LENGTH } from "./check";
import { Draft, type DraftState, type Written } from "./draft";
import { Similar } from "./Similar";

const FEATURE_ICONS: Record<Feature, LucideIcon> = {
  documents: FileText,
  wiki: BookOpen,
  posts: Newspaper,
  faq: CircleQuestionMark,
};

/** What each kind of community mostly needs; ticked until somebody chooses by hand. */
const USUAL: Record<Model, Feature[]> = {
  network: ["documents", "posts", "faq"],
  project: ["documents", "wiki"],
  event: ["documents", "posts"],
};

const EMPTY: Written = {
  name: "",
  purpose: "",
  model: "network",
  visibility: "private",
  joining: "approval",
  features: USUAL.network,
  co_leaders: [],
};

const wordsOf = (request: CommunityRequest): Written => ({
  name: request.name,
  purpose: request.purpose,
  model: request.model,
  visibility: request.visibility,
  joining: request.joining,
  features: request.features,
  co_leaders: request.co_leaders,
});

const isUsual = ({ model, features }: Written): boolean =>
  [...features].sort().join() === [...USUAL[model]].sort().join();

/** Keeps what is written on the account; `id` is the request's from the first letter on. */
function useDraft(id: string, request: CommunityRequest | null) {
  const queries = useQueryClient();
  const [state, setState] = useState<DraftState>("untouched");
  const [draft] = useState(() => {
    const made: Draft = new Draft(
      request?.revision ?? null,
      async (revision, words, send) => {
        const wanted = { ...words, co_leaders: words.co_leaders.map((person) => person.id), send };
        const kept = await (revision === null
          ? makeRequest(id, wanted)
          : changeRequest(id, revision, wanted));
        queries.setQueryData(requestQuery(id).queryKey, kept);
        void queries.invalidateQueries({ queryKey: myRequestsQuery.queryKey });
        return kept;
      },
      () => setState(made.state),
    );
    return made;
  });
  useEffect(() => {
    const flush = () => {
      if (document.visibilityState === "hidden") void draft.flush();
    };
    document.addEventListener("visibilitychange", flush);
    return () => {
      document.removeEventListener("visibilitychange", flush);
      void draft.flush();
    };
  }, [draft]);
  return { draft, state };
}

function StateLine({ state, onRetry }: { state: DraftState; onRetry: () => void }) {
  const { t } = useTranslation();
  if (state === "failed") {
    return (
      <p className="state danger" role="status">
        <Icon of={CloudAlert} />
        {t("requests.draft.failed")}
        <button type="button" className="btn small plain" onClick={onRetry}>
          {t("states.retry")}
        </button>
      </p>
    );
  }
  const saving = state === "saving" || state === "waiting";
  return (
    <p className={state === "saved" ? "state ok" : "state"} role="status">
      {state === "untouched" ? null : (
        <>
          <Icon of={saving ? LoaderCircle : CloudCheck} />
          {t(saving ? "saved.saving" : "requests.draft.saved")}
        </>
      )}
    </p>
  );
}

/** Why handing it in failed, for the person. */
function useRefusal() {
  const { t } = useTranslation();
  return (error: unknown): string => {
    if (!(error instanceof Problem)) return t("requests.failed.away");
    if (error.code === "too-many-requests-open") return t("requests.failed.tooManyOpen");
    if (error.status === 409) return t("requests.failed.elsewhere");
    if (error.status === 403) return t("requests.failed.forbidden");
    if (error.status === 429) return t("requests.failed.tooMany");
    return t("requests.failed.other");
  };
}

/** The way into a community that is much like the one asked for, drawn by whoever knows it. */
export type JoinSlot = (community: SimilarCommunity) => ReactNode;

type Props = { me: Me; request: CommunityRequest | null; join: JoinSlot };

/** The form, for a new request, a draft, or one that was sent back with a question. */
export function RequestForm({ me, request, join }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const form = useId();
  const [id] = useState(() => request?.id ?? uuidv7(Date.now()));
  const [words, setWords] = useState<Written>(() => (request ? wordsOf(request) : EMPTY));
  const [attempt, setAttempt] = useState(0);
  const [sending, setSending] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const refused = useRef<HTMLDivElement>(null);
  const { draft, state } = useDraft(id, request);
  const why = useRefusal();
  useEffect(() => {
    if (refusal) refused.current?.focus();
  }, [refusal]);
  const secret = words.visibility === "secret";
  const sentBack = request?.state === "changes";
  const opens = me.may_create && !sentBack;

  function change(part: Partial<Written>): void {
    const next = { ...words, ...part };
    setWords(next);
    draft.write(next);
  }

  // Before the first try nothing is called wrong; afterwards each field as it is left.
  const faults = attempt > 0 ? faultsOf(words) : [];
  const faultAt = (field: string) => {
    const fault = faults.find((one) => one.field === field);
    return fault ? t(`requests.faults.${fault.words}`) : null;
  };
  const fieldId = (field: string) => `${form}-${field}`;

  async function onSubmit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (sending) return;
    setAttempt((count) => count + 1);
    setRefusal(null);
    if (faultsOf(words).length > 0) return;
    setSending(true);
    try {
      const sent = await draft.send(words);
      draft.end();
      void queries.invalidateQueries({ queryKey: ["me"] });
      if (sent.state === "accepted" && sent.community) {
        await queries.invalidateQueries({ queryKey: ["communities"] });
        await navigate({ to: "/c/$slug", params: { slug: sent.community.slug }, replace: true });
      } else await navigate({ to: "/requests/$id", params: { id }, replace: true });
    } catch (error) {
      setRefusal(why(error));
    }
    setSending(false);
  }

  return (
    <form className="form wide" onSubmit={(event) => void onSubmit(event)} noValidate>
      <ErrorSummary
        attempt={attempt}
        errors={faults.map((fault) => ({
          id: fieldId(fault.field),
          label: t(`requests.fields.${fault.field}`),
        }))}
      />
      <div className="name-field">
        <Field
          id={fieldId("name")}
          label={t("requests.fields.name")}
          hint={t("requests.nameHint")}
          error={faultAt("name")}
          describedBy={fieldId("similar")}
        >
          {(described) => (
            <input
              {...described}
              className="input"
              value={words.name}
              maxLength={NAME_LENGTH}
              autoComplete="off"
              aria-required="true"
              onChange={(event) => change({ name: event.target.value })}
            />
          )}
        </Field>
        <Similar id={fieldId("similar")} name={words.name} join={join} />
      </div>
      <Field id={fieldId("purpose")} label={t("requests.fields.purpose")} error={faultAt("purpose")}>
        {(described) => (
          <textarea
            {...described}
            className="textarea"
            rows={4}
            value={words.purpose}
            maxLength={PURPOSE_LENGTH}
            aria-required="true"
            onChange={(event) => change({ purpose: event.target.value })}
          />
        )}
      </Field>
      <Choices
        legend={t("requests.fields.model")}
        hint={t("requests.modelHint")}
        columns="three"
        value={words.model}
        choices={MODELS.map((model) => ({
          value: model,
          title: t(`requests.models.${model}.title`),
          hint: t(`requests.models.${model}.text`),
        }))}
        onChange={(model) => change(isUsual(words) ? { model, features: USUAL[model] } : { model })}
      />
      <Choices
        legend={t("requests.fields.visibility")}
        value={words.visibility}
        choices={VISIBILITIES.map((visibility) => ({
          value: visibility,
          title: t(`communities.visibility.${visibility}`),
          hint: t(`requests.visibility.${visibility}`),
        }))}
        onChange={(visibility) =>
          change(visibility === "secret" ? { visibility, joining: "invitation" } : { visibility })
        }
      />
      <div id={fieldId("joining")} tabIndex={-1} className="fault-target">
        <Choices
          legend={t("requests.fields.joining")}
          {...(secret ? { hint: t("requests.secretHint") } : {})}
          error={faultAt("joining")}
          value={words.joining}
          choices={JOININGS.map((joining) => ({
            value: joining,
            title: t(`requests.joinings.${joining}.title`),
            hint: t(`requests.joinings.${joining}.text`),
            disabled: secret && joining !== "invitation",
          }))}
          onChange={(joining) => change({ joining })}
        />
      </div>
      <fieldset
        className="field fault-target"
        id={fieldId("features")}
        tabIndex={-1}
        aria-describedby={faultAt("features") ? `${fieldId("features")}-error` : undefined}
      >
        <legend>{t("requests.fields.features")}</legend>
        <div className="features">
          {FEATURES.map((feature) => (
            <Check
              key={feature}
              icon={FEATURE_ICONS[feature]}
              checked={words.features.includes(feature)}
              onChange={(wanted) =>
                change({
                  features: FEATURES.filter((one) =>
                    one === feature ? wanted : words.features.includes(one),
                  ),
                })
              }
            >
              {t(`requests.features.${feature}`)}
            </Check>
          ))}
        </div>
        {faultAt("features") ? (
          <FieldError id={`${fieldId("features")}-error`}>{faultAt("features")}</FieldError>
        ) : null}
      </fieldset>
      <PeoplePicker
        id={fieldId("leaders")}
        label={t("requests.fields.leaders")}
        hint={t("requests.leadersHint")}
        placeholder={t("requests.leadersPlaceholder")}
        people={words.co_leaders}
        onChange={(people) =>
          change({
            co_leaders: people.map(({ id: person, name, service = null, outsider = false }) => ({
              id: person,
              name,
              service,
              outsider,
            })),
          })
        }
        search={async (text) => (await findPeople(text)).filter((person) => !person.outsider)}
        without={[me.id]}
        most={10}
      />
      <div role="alert" tabIndex={-1} ref={refused} className="fault-target">
        {refusal ? <p className="note danger">{refusal}</p> : null}
      </div>
      <div className="actions form-end">
        <button type="submit" className="btn primary large" aria-busy={sending}>
          {sending ? <Icon of={LoaderCircle} small /> : null}
          {t(
            sending
              ? "forms.busy"
              : sentBack
                ? "requests.sendAgain"
                : opens
                  ? "requests.open"
                  : "requests.send",
          )}
        </button>
        <StateLine state={state} onRetry={() => void draft.flush()} />
      </div>
    </form>
  );
}
