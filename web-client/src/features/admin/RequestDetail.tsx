import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import {
  ArrowLeft,
  Check,
  CircleCheck,
  Copy,
  EyeOff,
  Globe,
  LoaderCircle,
  Lock,
  MessageSquare,
} from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type Decision,
  decideRequest,
  isMissing,
  type PersonRef,
  Problem,
  type QueueDetail,
  queueDetailQuery,
} from "../../api";
import { Face } from "../../ui/Face";
import { FieldError } from "../../ui/Fields";
import { keepPlace, usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { Refused } from "../../ui/Lists";
import { Missing, TextSkeleton } from "../../ui/States";
import { toast } from "../../ui/Toasts";
import { When } from "../../ui/When";
import { AdminForbidden, useAdminProblem } from "./frame";

const VISIBILITY_ICONS = { public: Globe, private: Lock, secret: EyeOff } as const;

function Person({ person }: { person: PersonRef }) {
  return (
    <span className="person">
      <Face id={person.id} name={person.name} outsider={person.outsider} size="sm" />
      <span>
        <span>{person.name}</span>
        {person.service ? <span className="meta">{person.service}</span> : null}
      </span>
    </span>
  );
}

function Similar({ request }: { request: QueueDetail }) {
  const { t } = useTranslation();
  if (request.similar.length === 0 || request.state === "accepted") return null;
  return (
    <div className="note warn top3">
      <span className="icon-wrap">
        <Icon of={Copy} />
      </span>
      <div className="similar">
        {request.similar.map((one) => (
          <div key={one.slug}>
            <p>
              <strong>{t("admin.requests.looksLike", { name: one.name })}</strong>
            </p>
            <p>
              {t("communities.memberCount", { count: one.members_count })} ·{" "}
              {t(`community.joining.${one.joining}.short`)}
            </p>
            <p className="top2">
              <Link to="/c/$slug" params={{ slug: one.slug }}>
                {t("admin.requests.openIt")}
              </Link>
            </p>
          </div>
        ))}
      </div>
    </div>
  );
}

function Facts({ request }: { request: QueueDetail }) {
  const { t } = useTranslation();
  return (
    <dl className="facts top3">
      <dt>{t("admin.requests.by")}</dt>
      <dd>
        <Person person={request.requester} />
      </dd>
      {request.co_leaders.length > 0 ? (
        <>
          <dt>{t("admin.requests.coLeaders", { count: request.co_leaders.length })}</dt>
          <dd className="people">
            {request.co_leaders.map((person) => (
              <Person key={person.id} person={person} />
            ))}
          </dd>
        </>
      ) : null}
      <dt>{t("admin.requests.model")}</dt>
      <dd>{t(`admin.requests.models.${request.model}`)}</dd>
      <dt>{t("admin.requests.visibility")}</dt>
      <dd>
        <span className="line">
          <Icon of={VISIBILITY_ICONS[request.visibility]} small />
          {t(`communities.visibility.${request.visibility}`)}
        </span>
      </dd>
      <dt>{t("admin.requests.joining")}</dt>
      <dd>{t(`community.joining.${request.joining}.sentence`)}</dd>
      <dt>{t("admin.requests.features")}</dt>
      <dd>{request.features.map((feature) => t(`composition.features.${feature}.name`)).join(", ")}</dd>
    </dl>
  );
}

function Messages({ request, heading: Heading }: { request: QueueDetail; heading: "h2" | "h3" }) {
  const { t } = useTranslation();
  if (request.messages.length === 0) return null;
  return (
    <section className="top3" aria-labelledby="h-messages">
      <Heading id="h-messages">{t("admin.requests.messages")}</Heading>
      <ol className="messages">
        {request.messages.map((message) => (
          <li key={message.id}>
            <article
              className="message"
              aria-label={t("admin.requests.messageOf", { name: message.author.name })}
            >
              <Face id={message.author.id} name={message.author.name} outsider={message.author.outsider} />
              <div>
                <p className="line tight">
                  <strong className="pname">{message.author.name}</strong>
                  <span className="meta">
                    <When at={message.created_at} />
                  </span>
                </p>
                <p className="said">{message.text}</p>
              </div>
            </article>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** What was decided, by whom, and with which words. */
function Decided({ request }: { request: QueueDetail }) {
  const { t } = useTranslation();
  if (request.state === "received" || request.state === "draft") return null;
  return (
    <div className={request.state === "accepted" ? "note ok top3" : "note top3"} role="status">
      <span className="icon-wrap">
        <Icon of={request.state === "accepted" ? CircleCheck : MessageSquare} />
      </span>
      <div>
        <p>
          <strong>{t(`admin.requests.decided.${request.state}`)}</strong>{" "}
          {request.decided_by ? t("admin.requests.decidedBy", { name: request.decided_by.name }) : null}{" "}
          {request.decided_at ? <When at={request.decided_at} /> : null}
        </p>
        {request.reason ? <p className="said">{request.reason}</p> : null}
        {request.community ? (
          <p className="top2">
            <Link to="/c/$slug" params={{ slug: request.community.slug }}>
              {t("admin.requests.openCommunity")}
            </Link>
          </p>
        ) : null}
      </div>
    </div>
  );
}

/** Who decided before, as the refusal tells. */
function earlierName(error: Problem): string | null {
  const { by } = error.facts;
  if (typeof by === "string") return by;
  return typeof by === "object" && by !== null && "name" in by && typeof by.name === "string"
    ? by.name
    : null;
}

function Decide({ request }: { request: QueueDetail }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useAdminProblem();
  const id = useId();
  const [words, setWords] = useState("");
  const [missing, setMissing] = useState(false);
  const decide = useMutation({
    mutationFn: (decision: Decision) =>
      decideRequest(request.id, { revision: request.revision, decision, reason: words.trim() }),
    onSuccess: (_after, decision) => {
      setWords("");
      toast({ text: t(`admin.requests.done.${decision}`, { name: request.name }) });
    },
    onError: (error) => {
      const decided = error instanceof Problem && error.status === 409;
      const name = decided ? earlierName(error) : null;
      toast({
        text: decided
          ? name
            ? t("admin.requests.alreadyBy", { name })
            : t("admin.requests.already")
          : why(error),
        stays: decided,
      });
    },
    onSettled: async () => {
      await Promise.all([
        queries.invalidateQueries({ queryKey: ["admin"] }),
        queries.invalidateQueries({ queryKey: ["me"] }),
      ]);
      keepPlace("h-request");
    },
  });

  function press(decision: Decision): void {
    if (decide.isPending) return;
    if (decision !== "accept" && words.trim() === "") {
      setMissing(true);
      document.getElementById(id)?.focus();
      return;
    }
    decide.mutate(decision);
  }

  const busy = (decision: Decision) => decide.isPending && decide.variables === decision;
  return (
    <form className="decide" onSubmit={(event: FormEvent) => event.preventDefault()}>
      <div className="field">
        <label htmlFor={id}>
          {t("admin.requests.words")} <span className="meta optional">{t("admin.requests.wordsWhen")}</span>
        </label>
        <textarea
          id={id}
          className="textarea short"
          rows={2}
          maxLength={2000}
          placeholder={t("admin.requests.wordsTo", { name: request.requester.name })}
          value={words}
          aria-invalid={missing}
          aria-describedby={missing ? `${id}-error` : undefined}
          onChange={(event) => {
            setWords(event.target.value);
            setMissing(false);
          }}
        />
        {missing ? <FieldError id={`${id}-error`}>{t("admin.requests.wordsMissing")}</FieldError> : null}
      </div>
      <div className="actions top">
        <button
          type="button"
          className="btn primary"
          aria-busy={busy("accept")}
          onClick={() => press("accept")}
        >
          <Icon of={busy("accept") ? LoaderCircle : Check} small turning={busy("accept")} />
          {t("admin.requests.accept")}
        </button>
        <button type="button" className="btn" aria-busy={busy("changes")} onClick={() => press("changes")}>
          <Icon of={busy("changes") ? LoaderCircle : MessageSquare} small turning={busy("changes")} />
          {t("admin.requests.changes")}
        </button>
        <button
          type="button"
          className="btn edge danger-edge"
          aria-busy={busy("refuse")}
          onClick={() => press("refuse")}
        >
          {t("admin.requests.refuse")}
        </button>
      </div>
    </form>
  );
}

/** One request, whole, and its decision. `alone`: it is the page. */
export function RequestDetail({ id, alone }: { id: string; alone: boolean }) {
  const { t } = useTranslation();
  const detail = useQuery(queueDetailQuery(id));
  const request = detail.data;
  usePageTitle(
    request
      ? `${request.name} – ${t("admin.sections.requests")}`
      : detail.isError
        ? t("states.problemTitle")
        : undefined,
  );
  const Title = alone ? "h1" : "h2";
  const back = alone ? (
    <p className="back">
      <Link className="btn plain" to="/admin/requests">
        <Icon of={ArrowLeft} small />
        {t("admin.requests.backToList")}
      </Link>
    </p>
  ) : null;
  if (!request) {
    return (
      <div className="detail">
        {back}
        {alone ? <h1 className="sr">{t("admin.sections.requests")}</h1> : null}
        {detail.isPending ? (
          <TextSkeleton label={t("admin.requests.opening")} />
        ) : isMissing(detail.error) ? (
          <Missing>{t("admin.requests.missing")}</Missing>
        ) : (
          <Refused
            error={detail.error}
            failed={t("admin.requests.openFailed")}
            forbidden={<AdminForbidden />}
            retry={() => void detail.refetch()}
          />
        )}
      </div>
    );
  }
  return (
    <article className="detail" aria-labelledby="h-request">
      <div className="detail-in">
        {back}
        <p className="meta">
          {t("admin.requests.received")} <When at={request.updated_at} />
          {request.number ? ` · ${t("admin.requests.number", { number: request.number })}` : null}
        </p>
        <Title className="detail-title" id="h-request">
          {request.name}
        </Title>
        <p className="lede-2">{request.purpose}</p>
        <Decided request={request} />
        <Similar request={request} />
        <Facts request={request} />
        <Messages request={request} heading={alone ? "h2" : "h3"} />
        {request.state === "received" ? <Decide key={request.revision} request={request} /> : null}
      </div>
    </article>
  );
}
