import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Archive, LogOut } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  archiveCommunity,
  type CommunityChange,
  type CommunityPlace,
  changeCommunity,
  JOININGS,
  restoreCommunity,
  VISIBILITIES,
} from "../../api";
import { Choices, Field } from "../../ui/Fields";
import { usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { Forbidden } from "../../ui/States";
import { toast } from "../../ui/Toasts";
import { ArchivedNote, EntryNote } from "./Banners";
import { Composition } from "./Composition";
import { LeaveDialog } from "./LeaveDialog";
import { NoPlace, usePlace } from "./NoPlace";
import { leads, PersonLine, useProblemWords } from "./words";
import "./communities.css";

const NAME_LENGTH = 120;
const PURPOSE_LENGTH = 1000;

/** Name, purpose, who sees it, who comes in. Only what was touched here is sent: others may change the rest meanwhile. */
function Facts({ place }: { place: CommunityPlace }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useProblemWords();
  const id = useId();
  const [draft, setDraft] = useState<CommunityChange>({});
  const [asked, setAsked] = useState(false);
  const shown = { ...place, ...draft };
  const changed = (Object.keys(draft) as (keyof CommunityChange)[]).filter(
    (key) => draft[key] !== place[key],
  );
  const nameless = asked && shown.name.trim() === "";
  const save = useMutation({
    mutationFn: (change: CommunityChange) => changeCommunity(place.slug, change),
    onSuccess: (_after, change) => {
      const back = Object.fromEntries(
        Object.keys(change).map((key) => [key, place[key as keyof CommunityChange]]),
      ) as CommunityChange;
      setDraft({});
      toast({
        text: t("community.saved"),
        undo: () => undo.mutate(back),
      });
    },
    onError: (error) => toast({ text: why(error) }),
    onSettled: () => queries.invalidateQueries(),
  });
  const undo = useMutation({
    mutationFn: (change: CommunityChange) => changeCommunity(place.slug, change),
    onError: (error) => toast({ text: why(error) }),
    onSettled: () => queries.invalidateQueries(),
  });

  function send(event: FormEvent): void {
    event.preventDefault();
    setAsked(true);
    if (shown.name.trim() === "") {
      document.getElementById(`${id}-name`)?.focus();
      return;
    }
    if (changed.length > 0 && !save.isPending)
      save.mutate(Object.fromEntries(changed.map((key) => [key, draft[key]])));
  }

  return (
    <form className="form wide" onSubmit={send} noValidate>
      <Field
        id={`${id}-name`}
        label={t("community.name")}
        hint={t("community.nameHint")}
        error={nameless ? t("community.nameMissing") : null}
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
      <Field id={`${id}-purpose`} label={t("community.purpose")} hint={t("community.purposeHint")}>
        {(described) => (
          <textarea
            {...described}
            className="textarea"
            rows={3}
            maxLength={PURPOSE_LENGTH}
            value={shown.purpose}
            onChange={(event) => setDraft({ ...draft, purpose: event.target.value })}
          />
        )}
      </Field>
      <Choices
        legend={t("community.whoSees")}
        value={shown.visibility}
        onChange={(visibility) =>
          // Nobody asks to join what they don't know of.
          setDraft({ ...draft, visibility, ...(visibility === "secret" ? { joining: "invitation" } : {}) })
        }
        choices={VISIBILITIES.map((value) => ({
          value,
          title: t(`communities.visibility.${value}`),
          hint: t(`community.visibility.${value}`),
        }))}
      />
      <Choices
        legend={t("community.whoJoins")}
        value={shown.joining}
        onChange={(joining) => setDraft({ ...draft, joining })}
        choices={JOININGS.map((value) => ({
          value,
          title: t(`community.joining.${value}.title`),
          hint: t(`community.joining.${value}.sentence`),
          disabled: shown.visibility === "secret" && value !== "invitation",
        }))}
      />
      <div className="actions">
        <button
          type="submit"
          className="btn primary"
          aria-busy={save.isPending}
          aria-disabled={changed.length === 0 || undefined}
          aria-describedby={changed.length === 0 ? `${id}-unchanged` : undefined}
        >
          {t("community.save")}
        </button>
        {changed.length > 0 ? (
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

function Ending({ place, selfId }: { place: CommunityPlace; selfId: string }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useProblemWords();
  const [leaving, setLeaving] = useState(false);
  const restore = useMutation({
    mutationFn: () => restoreCommunity(place.slug),
    onError: (error) => toast({ text: why(error) }),
    onSettled: () => queries.invalidateQueries(),
  });
  const archive = useMutation({
    mutationFn: () => archiveCommunity(place.slug),
    onSuccess: () =>
      toast({
        text: t("community.archived", { name: place.name }),
        undo: () => restore.mutate(),
      }),
    onError: (error) => toast({ text: why(error) }),
    onSettled: () => queries.invalidateQueries(),
  });
  return (
    <ul className="rows ending">
      {leads(place.role) && !place.archived ? (
        <li>
          <div className="row mid">
            <div className="grow">
              <p className="strong">{t("community.archiveTitle")}</p>
              <p className="meta">{t("community.archiveHint")}</p>
            </div>
            <div className="answer flat">
              <button
                type="button"
                className="btn"
                aria-busy={archive.isPending}
                onClick={() => !archive.isPending && archive.mutate()}
              >
                <Icon of={Archive} small />
                {t("community.archive")}
              </button>
            </div>
          </div>
        </li>
      ) : null}
      <li>
        <div className="row mid">
          <div className="grow">
            {leads(place.role) ? <p className="strong">{t("members.leave")}</p> : null}
            <p className="meta">
              {t(
                leads(place.role) && place.leaders.length === 1
                  ? "members.lastLeader"
                  : place.joining === "open"
                    ? "members.leaveOpen"
                    : "members.leaveClosed",
              )}
            </p>
          </div>
          <div className="answer flat">
            <button type="button" className="btn edge danger-edge" onClick={() => setLeaving(true)}>
              <Icon of={LogOut} small />
              {t("members.leaveDo")}
            </button>
          </div>
        </div>
      </li>
      {leaving ? <LeaveDialog place={place} selfId={selfId} onClose={() => setLeaving(false)} /> : null}
    </ul>
  );
}

/** What a community is made of, for who leads it; for the others, the way out. */
export function SettingsPage({ slug, selfId }: { slug: string; selfId: string }) {
  const { t } = useTranslation();
  const { asked, place } = usePlace(slug);
  usePageTitle(place ? `${t("community.settings")} – ${place.name}` : undefined);
  if (!place)
    return (
      <NoPlace asked={asked} title={t("community.settings")} loading={t("communities.loading")} narrow />
    );
  const governs = leads(place.role);
  return (
    <div className="wide-max narrow">
      <div className="page-head">
        <div>
          <h1>{t("community.settings")}</h1>
          <p className="lede">{place.name}</p>
        </div>
      </div>
      <div className="page-body">
        <ArchivedNote place={place} />
        <EntryNote place={place} />
        <div className="stack">
          {governs && !place.archived ? (
            <>
              <section aria-labelledby="h-compose">
                <h2 id="h-compose">{t("composition.title")}</h2>
                <p className="muted section-lede">{t("composition.text")}</p>
                <Composition place={place} />
              </section>
              <section aria-labelledby="h-facts">
                <h2 id="h-facts" className="section-lede">
                  {t("community.presentation")}
                </h2>
                <Facts place={place} />
              </section>
            </>
          ) : null}
          {governs ? null : (
            <Forbidden>
              {t("community.settingsForbidden")}
              <span className="people top">
                {place.leaders.map((leader) => (
                  <PersonLine key={leader.id} person={leader} selfId={selfId} />
                ))}
              </span>
            </Forbidden>
          )}
          {place.role ? (
            <section aria-labelledby="h-end">
              <h2 id="h-end">{t(governs ? "community.ending" : "members.leave")}</h2>
              <Ending place={place} selfId={selfId} />
            </section>
          ) : null}
        </div>
      </div>
    </div>
  );
}
