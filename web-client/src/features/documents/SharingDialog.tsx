import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Eye, Link2, X } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type DocumentFacts,
  documentQuery,
  findPeople,
  type PersonRef,
  Problem,
  placeQuery,
  type ShareAccess,
  type Sharing,
  setSharing,
  sharingQuery,
} from "../../api";
import { currentLanguage } from "../../i18n";
import { sayDay } from "../../i18n/dates";
import { Face } from "../../ui/Face";
import { Choices, Field } from "../../ui/Fields";
import { Icon } from "../../ui/Icon";
import { Refused } from "../../ui/Lists";
import { Dialog } from "../../ui/Overlay";
import { PeoplePicker } from "../../ui/PeoplePicker";
import { RowsSkeleton } from "../../ui/States";
import { toast } from "../../ui/Toasts";

const NAMED: readonly ShareAccess[] = ["read", "write", "manage"];
const BY_LINK: readonly ShareAccess[] = ["read", "write"];

/** Comments come later: until then, whoever may comment reads. */
function shown(access: ShareAccess): ShareAccess {
  return access === "comment" ? "read" : access;
}

/** Copies the address of a document, and says whether it could be. */
export function useCopyLink(id: string): () => void {
  const { t } = useTranslation();
  return () =>
    void navigator.clipboard.writeText(`${location.origin}/d/${id}`).then(
      () => toast({ text: t("documents.linkCopied") }),
      () => toast({ text: t("documents.linkNotCopied") }),
    );
}

type Draft = Pick<Sharing, "visibility" | "people" | "link">;

/** Who sees it, in one plain sentence. */
function useSentence(facts: DocumentFacts, draft: Draft): string {
  const { t } = useTranslation();
  const place = useQuery({
    ...placeQuery(facts.community?.slug ?? ""),
    enabled: Boolean(facts.community),
  }).data;
  const name = facts.community?.name ?? "";
  if (draft.visibility === "inherit") {
    if (!facts.community) return t("sharing.sentence.private");
    return t(place?.visibility === "public" ? "sharing.sentence.inheritPublic" : "sharing.sentence.inherit", {
      name,
    });
  }
  if (draft.visibility === "restricted") {
    return draft.people.length === 0
      ? t("sharing.sentence.restrictedNone")
      : t("sharing.sentence.restricted", { count: draft.people.length });
  }
  const sentence = t(
    draft.link?.access === "write" ? "sharing.sentence.linkWrite" : "sharing.sentence.linkRead",
  );
  return draft.link?.expires_at
    ? t("sharing.sentence.until", {
        sentence,
        date: sayDay(new Date(draft.link.expires_at), currentLanguage()),
      })
    : t("sharing.sentence.always", { sentence });
}

function Named({
  people,
  onChange,
}: {
  people: Sharing["people"];
  onChange: (people: Sharing["people"]) => void;
}) {
  const { t } = useTranslation();
  if (people.length === 0) return null;
  return (
    <ul className="rows share-people">
      {people.map(({ person, access }) => (
        <li key={person.id}>
          <div className="row mid">
            <Face id={person.id} name={person.name} outsider={person.outsider} size="sm" />
            <span className="grow">
              <span className="line tight">
                <span className="strong">{person.name}</span>
                {person.outsider ? <span className="badge warn">{t("people.outsider")}</span> : null}
              </span>
              {person.service ? <span className="meta clip share-service">{person.service}</span> : null}
            </span>
            <select
              className="select auto"
              aria-label={t("sharing.accessOf", { name: person.name })}
              value={shown(access)}
              onChange={(event) =>
                onChange(
                  people.map((one) =>
                    one.person.id === person.id ? { ...one, access: event.target.value as ShareAccess } : one,
                  ),
                )
              }
            >
              {NAMED.map((one) => (
                <option key={one} value={one}>
                  {t(`sharing.access.${one}`)}
                </option>
              ))}
            </select>
            <button
              type="button"
              className="icon-btn"
              aria-label={t("sharing.removeOne", { name: person.name })}
              title={t("sharing.removeOne", { name: person.name })}
              onClick={() => onChange(people.filter((one) => one.person.id !== person.id))}
            >
              <Icon of={X} />
            </button>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** To the end of that day, where its author is; null without a day. */
function endOf(day: string): string | null {
  const end = new Date(`${day}T23:59:59`);
  return Number.isNaN(end.getTime()) ? null : end.toISOString();
}

function dayOf(moment: string | null | undefined): string {
  return moment ? new Intl.DateTimeFormat("sv-SE").format(new Date(moment)) : "";
}

function ByLink({ link, onChange }: { link: Sharing["link"]; onChange: (link: Sharing["link"]) => void }) {
  const { t } = useTranslation();
  const id = useId();
  const { access, expires_at } = link ?? { access: "read" as const, expires_at: null };
  return (
    <div className="two-fields">
      <div className="field">
        <label htmlFor={`${id}-access`}>{t("sharing.linkAccess")}</label>
        <select
          id={`${id}-access`}
          className="select"
          value={shown(access)}
          onChange={(event) => onChange({ access: event.target.value as ShareAccess, expires_at })}
        >
          {BY_LINK.map((one) => (
            <option key={one} value={one}>
              {t(`sharing.access.${one}`)}
            </option>
          ))}
        </select>
      </div>
      <Field id={`${id}-until`} label={t("sharing.linkUntil")} hint={t("sharing.linkUntilHint")}>
        {(described) => (
          <input
            {...described}
            className="input"
            type="date"
            min={dayOf(new Date().toISOString())}
            value={dayOf(expires_at)}
            onChange={(event) => onChange({ access, expires_at: endOf(event.target.value) })}
          />
        )}
      </Field>
    </div>
  );
}

type FormProps = { facts: DocumentFacts; selfId: string; sharing: Sharing; onClose: () => void };

function Form({ facts, selfId, sharing, onClose }: FormProps) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const copyLink = useCopyLink(facts.id);
  const id = useId();
  const [draft, setDraft] = useState<Draft>(sharing);
  const sentence = useSentence(facts, draft);
  const own = !facts.community;
  const name = facts.community?.name ?? "";
  const save = useMutation({
    mutationFn: () =>
      setSharing(facts.id, {
        visibility: draft.visibility,
        people: draft.people.map(({ person, access }) => ({ person: person.id, access })),
        link: draft.visibility === "link" ? (draft.link ?? { access: "read", expires_at: null }) : null,
      }),
    onSuccess: (after) => {
      queries.setQueryData(sharingQuery(facts.id).queryKey, after);
      toast({ text: t("sharing.saved") });
      onClose();
    },
    onError: (error) =>
      toast({
        text: t(
          error instanceof Problem && error.code === "locks-you-out"
            ? "sharing.locksYouOut"
            : error instanceof Problem && error.code === "outsiders-open-nothing"
              ? "sharing.link.closed"
              : "sharing.notSaved",
        ),
      }),
    onSettled: () => queries.invalidateQueries({ queryKey: documentQuery(facts.id).queryKey }),
  });

  function send(event: FormEvent): void {
    event.preventDefault();
    if (!save.isPending) save.mutate();
  }

  function add(picked: { id: string }[]): void {
    const [one] = picked as PersonRef[];
    if (one) setDraft({ ...draft, people: [...draft.people, { person: one, access: "read", guest: true }] });
  }

  return (
    <form className="form" onSubmit={send} noValidate>
      <Choices
        legend={t("sharing.who")}
        value={draft.visibility}
        onChange={(visibility) => setDraft({ ...draft, visibility })}
        choices={[
          own
            ? { value: "inherit", title: t("sharing.private.title"), hint: t("sharing.private.hint") }
            : {
                value: "inherit",
                title: t("sharing.inherit.title"),
                hint: t("sharing.inherit.hint", { name }),
              },
          {
            value: "restricted",
            title: t("sharing.restricted.title"),
            hint: t(own ? "sharing.restricted.hintOwn" : "sharing.restricted.hint"),
          },
          {
            value: "link",
            title: t("sharing.link.title"),
            hint: t(sharing.may_open ? "sharing.link.hint" : "sharing.link.closed"),
            disabled: !sharing.may_open,
          },
        ]}
      />
      {draft.visibility === "restricted" ? (
        <>
          <PeoplePicker
            id={`${id}-people`}
            label={t("sharing.people")}
            hint={t("sharing.peopleHint")}
            people={[]}
            onChange={add}
            search={(text) => findPeople(text)}
            without={[selfId, ...draft.people.map(({ person }) => person.id)]}
          />
          <Named people={draft.people} onChange={(people) => setDraft({ ...draft, people })} />
        </>
      ) : null}
      {draft.visibility === "link" ? (
        <ByLink link={draft.link} onChange={(link) => setDraft({ ...draft, link })} />
      ) : null}
      <p className="share-sentence" aria-live="polite">
        <Icon of={Eye} small />
        <span>{sentence}</span>
      </p>
      <div className="actions">
        <button type="button" className="btn plain share-copy" onClick={copyLink}>
          <Icon of={Link2} small />
          {t("documents.copyLink")}
        </button>
        <button type="button" className="btn" onClick={onClose}>
          {t("common.cancel")}
        </button>
        <button type="submit" className="btn primary" aria-busy={save.isPending}>
          {t("sharing.save")}
        </button>
      </div>
    </form>
  );
}

/** For who may only look: who sees it, and the way to its address. */
function Told({ facts, sharing, onClose }: Omit<FormProps, "selfId">) {
  const { t } = useTranslation();
  const copyLink = useCopyLink(facts.id);
  const sentence = useSentence(facts, sharing);
  return (
    <>
      <p className="share-sentence">
        <Icon of={Eye} small />
        <span>{sentence}</span>
      </p>
      <p className="meta top">{t("sharing.onlyManagers")}</p>
      <div className="actions">
        <button type="button" className="btn" onClick={onClose}>
          {t("common.close")}
        </button>
        <button type="button" className="btn primary" onClick={copyLink}>
          <Icon of={Link2} small />
          {t("documents.copyLink")}
        </button>
      </div>
    </>
  );
}

/** Who may open a document: like its community, only some, or whoever has the link. */
export function SharingDialog({
  facts,
  selfId,
  onClose,
}: {
  facts: DocumentFacts;
  selfId: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const asked = useQuery(sharingQuery(facts.id));
  const sharing = asked.data;
  return (
    <Dialog title={t("sharing.title", { title: facts.title })} onClose={onClose}>
      {sharing ? (
        sharing.mine === "manage" ? (
          <Form facts={facts} selfId={selfId} sharing={sharing} onClose={onClose} />
        ) : (
          <Told facts={facts} sharing={sharing} onClose={onClose} />
        )
      ) : asked.isError ? (
        <Refused error={asked.error} failed={t("sharing.failed")} retry={() => void asked.refetch()} />
      ) : (
        <RowsSkeleton label={t("sharing.loading")} />
      )}
    </Dialog>
  );
}
