import { type InfiniteData, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { CalendarClock, Ellipsis, LogOut, UserMinus, UsersRound } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type CommunityPlace,
  type CommunityRole,
  changeMember,
  type MemberFilter,
  type MemberRow,
  memberListQuery,
  type Page,
  removeMember,
  sendInvitations,
} from "../../api";
import { currentLanguage } from "../../i18n";
import { sayDay } from "../../i18n/dates";
import { Face } from "../../ui/Face";
import { keepPlace } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { Listed } from "../../ui/Lists";
import { Menu, MenuItem } from "../../ui/Menu";
import { Dialog } from "../../ui/Overlay";
import { Empty } from "../../ui/States";
import { toast } from "../../ui/Toasts";
import { When } from "../../ui/When";
import { dayFromNow, dayOf, endOfDay } from "./InvitePanel";
import { LeaveDialog } from "./LeaveDialog";
import { leads, OutsiderBadge, ROLES, useProblemWords } from "./words";

type Change = { role?: CommunityRole; expires_at?: string | null };
type Pages = InfiniteData<Page<MemberRow>, string | null>;

/** Changes a member on the screen at once; taken back when the server refuses, and by Undo. */
function useChange(slug: string) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useProblemWords();
  const queryKey = ["community", slug, "members"];

  const show = (id: string, change: Change) =>
    queries.setQueriesData<Pages>({ queryKey }, (data) =>
      data && "pages" in data
        ? {
            ...data,
            pages: data.pages.map((page) => ({
              ...page,
              items: page.items.map((row) => (row.id === id ? { ...row, ...change } : row)),
            })),
          }
        : data,
    );

  const { mutate } = useMutation({
    mutationFn: ({ row, change }: { row: MemberRow; change: Change; undone: boolean }) =>
      changeMember(slug, row.id, change),
    onMutate: async ({ row, change }) => {
      await queries.cancelQueries({ queryKey });
      show(row.id, change);
    },
    onSuccess: (_after, { row, change, undone }) => {
      if (undone) {
        toast({ text: t("members.undone") });
        return;
      }
      const back: Change = change.role ? { role: row.role } : { expires_at: row.expires_at };
      toast({
        text: change.role
          ? t("members.roleChanged", { name: row.name, role: t(`members.roles.${change.role}`) })
          : change.expires_at
            ? t("members.endChanged", {
                name: row.name,
                date: sayDay(new Date(change.expires_at), currentLanguage()),
              })
            : t("members.endRemoved", { name: row.name }),
        undo: () => mutate({ row: { ...row, ...change }, change: back, undone: true }),
      });
    },
    onError: (error, { row, change }) => {
      show(row.id, change.role ? { role: row.role } : { expires_at: row.expires_at });
      toast({ text: why(error) });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["community", slug] }),
  });
  return (row: MemberRow, change: Change) => mutate({ row, change, undone: false });
}

function RemoveDialog({ slug, row, onClose }: { slug: string; row: MemberRow; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useProblemWords();
  const { email } = row;
  const invite = useMutation({
    mutationFn: (address: string) =>
      sendInvitations(slug, { emails: [address], role: row.role, until: row.expires_at ?? null }),
    onSuccess: () => toast({ text: t("members.invitedAgain", { name: row.name }) }),
    onError: (error) => toast({ text: why(error) }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["community", slug] }),
  });
  const remove = useMutation({
    mutationFn: () => removeMember(slug, row.id),
    onSuccess: () => {
      toast({
        text: t("members.removed", { name: row.name }),
        ...(email ? { action: { label: t("members.inviteAgain"), run: () => invite.mutate(email) } } : {}),
      });
      onClose();
    },
    onError: (error) => {
      toast({ text: why(error) });
      onClose();
    },
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: ["community", slug] });
      keepPlace("h-everybody");
    },
  });
  return (
    <Dialog title={t("members.removeTitle", { name: row.name })} onClose={onClose}>
      <p>{t("members.removeText")}</p>
      <div className="actions">
        <button type="button" className="btn" onClick={onClose}>
          {t("members.keep")}
        </button>
        <button
          type="button"
          className="btn danger"
          aria-busy={remove.isPending}
          onClick={() => !remove.isPending && remove.mutate()}
        >
          {t("members.remove")}
        </button>
      </div>
    </Dialog>
  );
}

function EndDialog({
  row,
  onChange,
  onClose,
}: {
  row: MemberRow;
  onChange: (change: Change) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  const [day, setDay] = useState(row.expires_at ? dayOf(new Date(row.expires_at)) : dayFromNow(182));
  function save(event: FormEvent): void {
    event.preventDefault();
    const end = endOfDay(day);
    if (end === null) return;
    onChange({ expires_at: end });
    onClose();
  }
  return (
    <Dialog title={t("members.endTitle", { name: row.name })} onClose={onClose}>
      <form className="form" onSubmit={save}>
        <div className="field">
          <label htmlFor={id}>{t("members.endDay")}</label>
          <input
            id={id}
            className="input"
            type="date"
            required
            min={dayFromNow(1)}
            value={day}
            aria-describedby={`${id}-hint`}
            onChange={(event) => setDay(event.target.value)}
          />
          <p className="hint" id={`${id}-hint`}>
            {t("members.endHint")}
          </p>
        </div>
        <div className="actions">
          {row.expires_at && !row.outsider ? (
            <button
              type="button"
              className="btn plain"
              onClick={() => {
                onChange({ expires_at: null });
                onClose();
              }}
            >
              {t("members.endNone")}
            </button>
          ) : null}
          <button type="button" className="btn" onClick={onClose}>
            {t("common.cancel")}
          </button>
          <button type="submit" className="btn primary">
            {t("members.endSave")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

type RowProps = {
  place: CommunityPlace;
  row: MemberRow;
  selfId: string;
  onChange: (row: MemberRow, change: Change) => void;
};

function Actions({ place, row, selfId, onChange }: RowProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<"end" | "remove" | "leave" | null>(null);
  const close = () => setOpen(null);
  const label = t("members.actionsFor", { name: row.name });
  const self = row.id === selfId;
  return (
    <>
      <Menu
        label={label}
        trigger={
          <button type="button" className="icon-btn" aria-label={label} title={label}>
            <Icon of={Ellipsis} />
          </button>
        }
      >
        {self ? null : (
          <MenuItem icon={CalendarClock} onAction={() => setOpen("end")}>
            {t("members.setEnd")}
          </MenuItem>
        )}
        {self ? (
          <MenuItem icon={LogOut} danger onAction={() => setOpen("leave")}>
            {t("members.leave")}
          </MenuItem>
        ) : (
          <MenuItem icon={UserMinus} danger onAction={() => setOpen("remove")}>
            {t("members.removeFrom")}
          </MenuItem>
        )}
      </Menu>
      {open === "end" ? (
        <EndDialog row={row} onChange={(change) => onChange(row, change)} onClose={close} />
      ) : null}
      {open === "remove" ? <RemoveDialog slug={place.slug} row={row} onClose={close} /> : null}
      {open === "leave" ? <LeaveDialog place={place} selfId={selfId} onClose={close} /> : null}
    </>
  );
}

function Row({ place, row, selfId, onChange }: RowProps) {
  const { t } = useTranslation();
  const id = useId();
  const governs = leads(place.role) && !place.archived;
  const self = row.id === selfId;
  const mayAct = governs || self;
  return (
    <tr>
      <td>
        <span className="person">
          <Face id={row.id} name={row.name} outsider={row.outsider} />
          <span>
            <span className="line tight">
              <strong className="pname">{row.name}</strong>
              {self ? <span className="meta">{t("people.you")}</span> : null}
              {row.outsider ? <OutsiderBadge /> : null}
            </span>
            {row.email ? (
              <span className="meta clip" title={row.email}>
                {row.email}
              </span>
            ) : null}
          </span>
        </span>
      </td>
      <td className="full">
        {row.service}
        {row.expires_at ? (
          <span className="meta until">
            {t("members.until", { date: sayDay(new Date(row.expires_at), currentLanguage()) })}
          </span>
        ) : null}
      </td>
      <td className="inline">
        {governs ? (
          <>
            <label className="sr" htmlFor={id}>
              {t("members.roleOf", { name: row.name })}
            </label>
            <select
              id={id}
              className="select role"
              value={row.role}
              onChange={(event) => onChange(row, { role: event.target.value as CommunityRole })}
            >
              {ROLES.map((role) => (
                <option key={role} value={role}>
                  {t(`members.roles.${role}`)}
                </option>
              ))}
            </select>
          </>
        ) : (
          t(`members.roles.${row.role}`)
        )}
      </td>
      <td className="inline meta nowrap">
        <span className="sr column-name">{t("members.seenLabel")} </span>
        {row.last_seen_at ? <When at={row.last_seen_at} /> : t("members.neverSeen")}
      </td>
      <td>{mayAct ? <Actions place={place} row={row} selfId={selfId} onChange={onChange} /> : null}</td>
    </tr>
  );
}

type TableProps = { place: CommunityPlace; selfId: string; filter: MemberFilter };

/** Everybody of a community: a table where there is room, cards where there isn't. */
export function MemberTable({ place, selfId, filter }: TableProps) {
  const { t } = useTranslation();
  const list = useInfiniteQuery(memberListQuery(place.slug, filter));
  const change = useChange(place.slug);
  const total = filter.outsiders ? place.outsiders_count : place.members_count;
  const filtered = filter.q !== "" || filter.role !== null;
  return (
    <Listed
      list={list}
      loading={t("communities.membersLoading")}
      failed={t("communities.membersFailed")}
      empty={
        <Empty icon={UsersRound}>
          {filter.q === ""
            ? t(filter.outsiders ? "members.noOutsiders" : "members.noneSuch")
            : t("members.nobody", { text: filter.q })}
        </Empty>
      }
    >
      {(items) => (
        <>
          <table className="table members" aria-busy={list.isPlaceholderData}>
            <caption className="sr">{t("members.caption")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("members.person")}</th>
                <th scope="col">{t("members.service")}</th>
                <th scope="col">{t("members.role")}</th>
                <th scope="col">{t("members.seen")}</th>
                <th scope="col">
                  <span className="sr">{t("members.actions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((row) => (
                <Row key={row.id} place={place} row={row} selfId={selfId} onChange={change} />
              ))}
            </tbody>
          </table>
          {filtered ? null : (
            <p className="meta load">{t("members.shownOf", { shown: items.length, total })}</p>
          )}
        </>
      )}
    </Listed>
  );
}
