import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { CircleCheck, CircleX, Clock, LoaderCircle, MessageSquare, Plus, Trash2 } from "lucide-react";
import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type CommunityRequest,
  dropRequest,
  isMissing,
  type Me,
  makeRequest,
  myRequestsQuery,
  requestQuery,
  uuidv7,
  writeToRequest,
} from "../../api";
import { announce } from "../../ui/Announcer";
import { Face } from "../../ui/Face";
import { usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { Refused } from "../../ui/Lists";
import { Forbidden, Missing, RowsSkeleton } from "../../ui/States";
import { toast } from "../../ui/Toasts";
import { When } from "../../ui/When";
import { RequestRows } from "./MyRequests";
import { type JoinSlot, RequestForm } from "./RequestForm";
import { Steps } from "./Steps";
import { StateBadge } from "./words";
import "./requests.css";

function Aside({ children, state }: { children?: ReactNode; state: CommunityRequest["state"] }) {
  const { t } = useTranslation();
  return (
    <aside className="stack" aria-label={t("requests.aside")}>
      {state === "refused" ? null : (
        <section className="card">
          <h2>{t("requests.next")}</h2>
          <Steps state={state} />
        </section>
      )}
      {children}
    </aside>
  );
}

/** My other requests, beside the one that is open. */
function Others({ but }: { but: string | null }) {
  const { t } = useTranslation();
  const mine = useQuery(myRequestsQuery);
  const others = (mine.data ?? []).filter((request) => request.id !== but);
  if (others.length === 0) return null;
  return (
    <section aria-labelledby="h-others">
      <div className="section-head">
        <h2 id="h-others">{t("requests.others")}</h2>
      </div>
      <RequestRows requests={others.slice(0, 8)} />
    </section>
  );
}

/** Asks for a community: a new request, or the draft that was left. */
export function NewRequestPage({ me, join }: { me: Me; join: JoinSlot }) {
  const { t } = useTranslation();
  const mine = useQuery(myRequestsQuery);
  // The draft one comes back to; what is made here meanwhile doesn't change the form under one's hands.
  const draft = useRef<CommunityRequest | null | undefined>(undefined);
  if (draft.current === undefined && mine.data) {
    draft.current = mine.data.find((request) => request.state === "draft") ?? null;
  }
  usePageTitle(t("requests.title"));
  const allowed = me.may_request;
  let body: ReactNode;
  if (!allowed) body = <Forbidden>{t("requests.notForYou")}</Forbidden>;
  else if (draft.current !== undefined) body = <RequestForm me={me} request={draft.current} join={join} />;
  else if (mine.isError) {
    body = <Refused error={mine.error} failed={t("requests.loadFailed")} retry={() => void mine.refetch()} />;
  } else body = <RowsSkeleton label={t("requests.loading")} />;
  return (
    <div className="wide-max">
      <div className="page-head">
        <div>
          <h1>{t("requests.title")}</h1>
          <p className="lede">{t(me.may_create ? "requests.ledeOpen" : "requests.lede")}</p>
        </div>
      </div>
      <div className="page-body cols request">
        <div>{body}</div>
        {allowed ? (
          <Aside state="draft">
            <Others but={draft.current?.id ?? null} />
          </Aside>
        ) : null}
      </div>
    </div>
  );
}

function Facts({ request }: { request: CommunityRequest }) {
  const { t } = useTranslation();
  return (
    <section aria-labelledby="h-facts">
      <div className="section-head">
        <h2 id="h-facts">{t("requests.what")}</h2>
      </div>
      <dl className="facts">
        <dt>{t("requests.facts.purpose")}</dt>
        <dd className="kept-lines">{request.purpose}</dd>
        <dt>{t("requests.facts.model")}</dt>
        <dd>{t(`requests.models.${request.model}.title`)}</dd>
        <dt>{t("requests.facts.visibility")}</dt>
        <dd>
          {t(`communities.visibility.${request.visibility}`)}.{" "}
          <span className="muted">{t(`requests.visibility.${request.visibility}`)}</span>
        </dd>
        <dt>{t("requests.facts.joining")}</dt>
        <dd>{t(`requests.joinings.${request.joining}.title`)}</dd>
        <dt>{t("requests.facts.features")}</dt>
        <dd>{request.features.map((feature) => t(`requests.features.${feature}`)).join(", ")}</dd>
        <dt>{t("requests.facts.leaders")}</dt>
        <dd>
          {request.co_leaders.length > 0
            ? request.co_leaders.map((person) => person.name).join(", ")
            : t("requests.alone")}
        </dd>
      </dl>
    </section>
  );
}

function Messages({ request, selfId }: { request: CommunityRequest; selfId: string }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const id = useId();
  const [text, setText] = useState("");
  const write = useMutation({
    mutationFn: (words: string) => writeToRequest(request.id, words),
    onSuccess: async () => {
      setText("");
      await queries.invalidateQueries({ queryKey: requestQuery(request.id).queryKey });
    },
    onError: () => toast({ text: t("requests.messageFailed") }),
  });
  const open = request.state === "received" || request.state === "changes";
  const messages = request.messages ?? [];
  if (!open && messages.length === 0) return null;

  function onSubmit(event: FormEvent): void {
    event.preventDefault();
    const words = text.trim();
    if (words !== "" && !write.isPending) write.mutate(words);
  }

  return (
    <section aria-labelledby="h-messages">
      <div className="section-head">
        <h2 id="h-messages">{t("requests.messages")}</h2>
      </div>
      {messages.length > 0 ? (
        <ul className="messages">
          {messages.map((message) => (
            <li key={message.id}>
              <Face id={message.author.id} name={message.author.name} />
              <div>
                <p>
                  <strong>{message.author.id === selfId ? t("requests.you") : message.author.name}</strong>{" "}
                  <span className="meta">
                    <When at={message.created_at} />
                  </span>
                </p>
                <p className="kept-lines">{message.text}</p>
              </div>
            </li>
          ))}
        </ul>
      ) : null}
      {open ? (
        <form className="field top" onSubmit={onSubmit}>
          <label htmlFor={id}>{t("requests.messageLabel")}</label>
          <textarea
            id={id}
            className="textarea short"
            rows={2}
            maxLength={2000}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <div className="actions top2">
            <button
              type="submit"
              className="btn"
              aria-busy={write.isPending}
              aria-disabled={text.trim() === "" ? true : undefined}
            >
              {write.isPending ? <Icon of={LoaderCircle} small /> : null}
              {t(write.isPending ? "forms.busy" : "requests.messageSend")}
            </button>
          </div>
        </form>
      ) : null}
    </section>
  );
}

const NOTES = {
  received: { icon: Clock, look: "info" },
  changes: { icon: MessageSquare, look: "warn" },
  accepted: { icon: CircleCheck, look: "ok" },
  refused: { icon: CircleX, look: "danger" },
} as const;

/** Where it stands, in a sentence, with the administrator's own words. */
function StateNote({ request }: { request: CommunityRequest }) {
  const { t } = useTranslation();
  if (request.state === "draft") return null;
  const { icon, look } = NOTES[request.state];
  const by = request.decided_by?.name;
  return (
    <div className={`note ${look}`}>
      <span className="icon-wrap">
        <Icon of={icon} />
      </span>
      <div>
        <p>
          <strong>{t(`requests.notes.${request.state}.title`)}</strong>
        </p>
        {request.reason && request.state !== "received" ? (
          <blockquote className="reason kept-lines">
            {request.reason}
            {by ? <footer className="meta">{by}</footer> : null}
          </blockquote>
        ) : null}
        <p>{t(`requests.notes.${request.state}.text`)}</p>
        {request.state === "accepted" && request.community ? (
          <Link className="btn top" to="/c/$slug" params={{ slug: request.community.slug }}>
            {t("requests.goThere")}
          </Link>
        ) : null}
        {request.state === "refused" ? (
          <Link className="btn top" to="/request">
            <Icon of={Plus} small />
            {t("requests.another")}
          </Link>
        ) : null}
      </div>
    </div>
  );
}

/** When the decision falls while the page is open: it is said, and an opened community is gone to. */
function useDecision(request: CommunityRequest | undefined): void {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const before = useRef<CommunityRequest["state"] | null>(null);
  const state = request?.state;
  const slug = request?.community?.slug;
  useEffect(() => {
    const was = before.current;
    before.current = state ?? was;
    if (!state || state === "draft" || was === null || was === state || was === "draft") return;
    announce(t(`requests.notes.${state}.title`));
    if (state !== "accepted" || !slug) return;
    toast({ text: t("requests.opened") });
    void queries.invalidateQueries({ queryKey: ["me"] });
    void navigate({ to: "/c/$slug", params: { slug } });
  }, [state, slug, navigate, queries, t]);
}

function DropDraft({ request }: { request: CommunityRequest }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const drop = useMutation({
    mutationFn: () => dropRequest(request.id),
    onSuccess: async () => {
      await navigate({ to: "/" });
      queries.removeQueries({ queryKey: requestQuery(request.id).queryKey });
      await queries.invalidateQueries({ queryKey: myRequestsQuery.queryKey });
      toast({
        text: t("requests.dropped"),
        undo: () => void bringBack().catch(failed),
      });
    },
    onError: () => toast({ text: t("requests.dropFailed") }),
  });
  const failed = () => toast({ text: t("requests.bringBackFailed") });

  /** The same words as a new draft. */
  async function bringBack(): Promise<void> {
    const { name, purpose, model, visibility, joining, features } = request;
    const co_leaders = request.co_leaders.map((person) => person.id);
    const again = uuidv7(Date.now());
    const words = { name, purpose, model, visibility, joining, features, co_leaders, send: false };
    await makeRequest(again, words);
    await queries.invalidateQueries({ queryKey: myRequestsQuery.queryKey });
    await navigate({ to: "/requests/$id", params: { id: again } });
  }

  return (
    <button
      type="button"
      className="btn"
      aria-busy={drop.isPending}
      onClick={() => !drop.isPending && drop.mutate()}
    >
      <Icon of={drop.isPending ? LoaderCircle : Trash2} small />
      {t("requests.drop")}
    </button>
  );
}

/** One request of mine: how far it is, what was asked back, the form again if something is missing. */
export function RequestPage({ id, me, join }: { id: string; me: Me; join: JoinSlot }) {
  const { t } = useTranslation();
  const asked = useQuery(requestQuery(id));
  const request = asked.data;
  useDecision(request);
  const name = request ? request.name || t("requests.unnamed") : undefined;
  usePageTitle(
    name ? `${name} – ${t("requests.one")}` : asked.isError ? t("states.problemTitle") : t("requests.one"),
  );
  if (!request) {
    const missing = isMissing(asked.error);
    return (
      <div className="wide-max page-body after-bar">
        {asked.isError ? (
          <>
            <h1 className="sr">{t("states.problemTitle")}</h1>
            {missing ? (
              <Missing>{t("requests.missing")}</Missing>
            ) : (
              <Refused
                error={asked.error}
                failed={t("requests.loadFailed")}
                retry={() => void asked.refetch()}
              />
            )}
          </>
        ) : (
          <>
            <h1 className="sr">{t("requests.one")}</h1>
            <RowsSkeleton label={t("requests.loading")} />
          </>
        )}
      </div>
    );
  }
  const editable = request.state === "draft" || request.state === "changes";
  return (
    <div className="wide-max">
      <div className="page-head">
        <div>
          <h1>{name}</h1>
          <p className="lede line">
            <StateBadge state={request.state} />
            <span>
              {request.number ? t("requests.numbered", { number: request.number }) : t("requests.one")}
            </span>
          </p>
        </div>
        {request.state === "draft" ? (
          <div className="actions">
            <DropDraft request={request} />
          </div>
        ) : null}
      </div>
      <div className="page-body cols request">
        <div className="stack">
          <StateNote request={request} />
          {editable ? (
            <RequestForm key={`${id} ${request.state}`} me={me} request={request} join={join} />
          ) : null}
          {editable ? null : <Facts request={request} />}
          <Messages request={request} selfId={me.id} />
        </div>
        <Aside state={request.state}>
          <Others but={id} />
        </Aside>
      </div>
    </div>
  );
}
