import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { WifiOff } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type DocumentFacts, documentQuery, type Me, meQuery, Problem, Unreachable } from "../../api";
import { DocumentEditor } from "../../editor";
import {
  type DocumentSession,
  download,
  type Line,
  plainText,
  reopenSocket,
  useDocumentSession,
  useLine,
  useSessionState,
  useSlowConnection,
} from "../../sync";
import { useOnline, usePageTitle } from "../../ui/hooks";
import { Empty, Failure, Forbidden, Missing, TextSkeleton } from "../../ui/States";
import { When } from "../../ui/When";
import { DocumentHeader } from "./DocumentHeader";
import { fileName, RefusedNote, StrandedNotes } from "./notes";
import { useMuted, useSpokenPresence } from "./presence";
import { showTitle } from "./rename";
import { StateLine } from "./StateLine";
import { useSeen } from "./seen";
import { Title } from "./Title";
import "./document.css";

type Props = { id: string; me: Me; expired: boolean; fresh: boolean; onHelp: () => void };

/** How often a door that should be open is tried again before it is said to be closed. */
const TRIES = 3;

function DocumentMeta({ facts }: { facts: DocumentFacts }) {
  const { t } = useTranslation();
  const by = facts.updated_by;
  return (
    <p className="meta line doc-meta">
      {by ? (
        <span>
          {t("documents.changedBy", { name: by.name })}, <When at={facts.updated_at} />
        </span>
      ) : (
        <span>
          {t("documents.created")} <When at={facts.created_at} />
        </span>
      )}
    </p>
  );
}

function sayExpired(line: Line, expired: boolean): Line {
  const atDoor = line.kind === "failed" && line.reason === "no-access";
  return atDoor && expired ? { ...line, reason: "signed-out" } : line;
}

type OpenProps = Props & { facts: DocumentFacts; session: DocumentSession; closedTo: boolean };

function Written({ id, me, expired, fresh, onHelp, facts, session, closedTo }: OpenProps) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const online = useOnline();
  const { facts: saving, people, ready } = useSessionState(session);
  const line = sayExpired(useLine(saving, online), expired);
  const slow = useSlowConnection();
  const [muted, setMuted] = useMuted();
  const [toolbarPlace, setToolbarPlace] = useState<HTMLElement | null>(null);
  const focusText = useRef<(() => void) | null>(null);
  // The title of a new page is there before its text: whoever is done with it by then comes into the text when it comes.
  const toText = useRef(false);
  const onReady = useCallback((focus: () => void) => {
    focusText.current = focus;
    if (toText.current) focus();
    toText.current = false;
  }, []);

  const allowed = facts.access === "write" || facts.access === "manage";
  const refused = line.kind === "failed" && ["now-readonly", "refused"].includes(line.reason);
  // Whose login ran out goes on writing: the device keeps it until they are back.
  const open = saving.scope === "write" || (saving.scope === "none" && !closedTo);
  const editable = allowed && !closedTo && open && !refused;
  useSeen(id, session, ready);
  useSpokenPresence(session, people, me.id, saving.synced, muted);

  useEffect(
    () =>
      session.onWord((word) => {
        if (word.kind === "document" && typeof word.title === "string") showTitle(queries, id, word.title);
      }),
    [session, queries, id],
  );

  // A right that changes while the page is open changes more than the text: ask what it is now.
  const granted = saving.link === "open" && saving.synced ? saving.scope : null;
  useEffect(() => {
    if (granted === null || (granted === "write") === allowed) return;
    void queries.invalidateQueries({ queryKey: documentQuery(id).queryKey });
  }, [granted, allowed, queries, id]);

  // Refused, at the door or later: perhaps the login is over, perhaps the document is closed to us, perhaps the socket is older
  // than the login. Ask which; when neither is so, come back with a new socket.
  const denied = saving.scope === "none" && saving.link === "open";
  const tries = useRef(0);
  useEffect(() => {
    if (!denied) return;
    const timer = setTimeout(async () => {
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
      await queries.invalidateQueries({ queryKey: documentQuery(id).queryKey });
      const me = queries.getQueryState(meQuery.queryKey);
      const document = queries.getQueryState(documentQuery(id).queryKey);
      tries.current += 1;
      if (me?.data && document?.status === "success" && tries.current <= TRIES) reopenSocket();
    }, tries.current * 2000);
    return () => clearTimeout(timer);
  }, [denied, queries, id]);
  useEffect(() => {
    if (saving.synced) tries.current = 0;
  }, [saving.synced]);

  // The socket stays away though there is a network: perhaps the login is over.
  const away = saving.link === "closed" && online;
  useEffect(() => {
    if (!away) return;
    const timer = setTimeout(() => void queries.invalidateQueries({ queryKey: meQuery.queryKey }), 3000);
    return () => clearTimeout(timer);
  }, [away, queries]);

  const takeAway = () => download(fileName(facts.title), plainText(session.doc));

  return (
    <>
      <DocumentHeader
        facts={facts}
        people={people}
        selfId={me.id}
        state={<StateLine line={line} slow={slow} />}
        editable={editable}
        muted={muted}
        onMute={setMuted}
        onRename={() => document.querySelector<HTMLElement>(".title-field")?.focus()}
        onDownload={takeAway}
        onHelp={onHelp}
        toolbar={editable ? <div className="toolbar-place" ref={setToolbarPlace} /> : null}
      />
      <div className="doc-main">
        <div className="doc-col">
          {refused || closedTo ? (
            <RefusedNote
              onDownload={takeAway}
              action={
                <button
                  type="button"
                  className="btn"
                  onClick={() => {
                    void queries.invalidateQueries({ queryKey: documentQuery(id).queryKey });
                    session.retry();
                  }}
                >
                  {t("states.retry")}
                </button>
              }
            >
              {t(
                closedTo
                  ? "refused.closed"
                  : line.kind === "failed" && line.reason === "now-readonly"
                    ? "refused.readonly"
                    : "refused.changes",
              )}
            </RefusedNote>
          ) : null}
          <StrandedNotes selfId={me.id} documentId={id} room={facts.room} title={facts.title} />
          <Title
            id={id}
            title={facts.title}
            editable={editable}
            fresh={fresh}
            onDone={() => {
              toText.current = focusText.current === null;
              focusText.current?.();
            }}
          />
          <DocumentMeta facts={facts} />
          {ready ? (
            <DocumentEditor
              doc={session.doc}
              awareness={session.awareness}
              editable={editable}
              label={t("documents.text")}
              toolbarPlace={toolbarPlace}
              onReady={onReady}
            />
          ) : line.kind === "offline" ? (
            <div className="top3">
              <Empty icon={WifiOff}>{t("documents.notHere")}</Empty>
            </div>
          ) : (
            <TextSkeleton label={t("documents.opening")} />
          )}
        </div>
      </div>
    </>
  );
}

function Opened(props: Props & { facts: DocumentFacts; closedTo: boolean }) {
  const { me, facts } = props;
  const { t } = useTranslation();
  const allowed = facts.access === "write" || facts.access === "manage";
  const session = useDocumentSession(
    facts.room,
    { id: me.id, name: me.name, outsider: me.role === "outsider" },
    allowed ? "write" : "read",
  );
  usePageTitle(facts.title);
  if (!session) {
    return (
      <div className="doc-main">
        <div className="doc-col">
          <h1>{facts.title}</h1>
          <TextSkeleton label={t("documents.opening")} />
        </div>
      </div>
    );
  }
  return <Written {...props} session={session} />;
}

/** The document at `/d/{id}`, or why it can't be shown. */
export function DocumentPage(props: Props) {
  const { id, me } = props;
  const { t } = useTranslation();
  const document = useQuery(documentQuery(id));
  const { data: facts, error } = document;
  const closedTo = error instanceof Problem && (error.status === 403 || error.status === 404);
  usePageTitle(error && !facts ? t("states.problemTitle") : undefined);

  if (facts) return <Opened key={facts.room} {...props} facts={facts} closedTo={closedTo} />;
  const home = (
    <Link className="btn" to="/docs">
      {t("nav.myDocuments")}
    </Link>
  );
  return (
    <div className="wide-max page-body after-bar">
      {error ? (
        <h1 className="sr">{t("states.problemTitle")}</h1>
      ) : (
        <h1 className="sr">{t("documents.opening")}</h1>
      )}
      {closedTo ? (
        <StrandedNotes
          selfId={me.id}
          documentId={id}
          room=""
          title={t("composition.features.documents.untitled")}
        />
      ) : null}
      {error instanceof Problem && error.status === 403 ? (
        <Forbidden action={home}>{t("documents.forbidden")}</Forbidden>
      ) : error instanceof Problem &&
        (error.status === 404 || error.status === 400 || error.status === 422) ? (
        <Missing action={home}>{t("documents.missing")}</Missing>
      ) : error instanceof Unreachable ? (
        <Empty icon={WifiOff} action={home}>
          {t("documents.notHere")}
        </Empty>
      ) : error ? (
        <Failure
          what={t("documents.openFailed")}
          retry={() => void document.refetch()}
          reference={error instanceof Problem ? error.reference : undefined}
        />
      ) : (
        <TextSkeleton label={t("documents.opening")} />
      )}
    </div>
  );
}
