import { type InfiniteData, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Ban, DoorOpen, Ellipsis, UserCheck, UserRoundX, UsersRound } from "lucide-react";
import { useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { type AdminPerson, adminPeopleQuery, changePerson, type Page, type Role } from "../../api";
import { currentLanguage } from "../../i18n";
import { sayDay } from "../../i18n/dates";
import { Face } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { Listed, SearchField, useSettled } from "../../ui/Lists";
import { Menu, MenuItem } from "../../ui/Menu";
import { Empty } from "../../ui/States";
import { toast } from "../../ui/Toasts";
import { When } from "../../ui/When";
import { AdminForbidden, AdminFrame, useAdminProblem, useFilters } from "./frame";

const ROLES: readonly Role[] = ["administrator", "agent", "outsider"];
const FILTERS = ["q", "role", "suspended", "active", "expiring"] as const;

type Change = { role?: Role; suspended?: boolean };
type Pages = InfiniteData<Page<AdminPerson>, string | null>;

/** Changes a person on the screen at once; taken back when the server refuses, and by Undo. */
function useChange() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useAdminProblem();
  const queryKey = ["admin", "people"];
  const show = (id: string, change: Change) =>
    queries.setQueriesData<Pages>(
      { queryKey },
      (data) =>
        data && {
          ...data,
          pages: data.pages.map((page) => ({
            ...page,
            items: page.items.map((one) => (one.id === id ? { ...one, ...change } : one)),
          })),
        },
    );
  const backOf = (person: AdminPerson, change: Change): Change =>
    change.role ? { role: person.role } : { suspended: person.suspended };
  const { mutate } = useMutation({
    mutationFn: ({ person, change }: { person: AdminPerson; change: Change; undone: boolean }) =>
      changePerson(person.id, change),
    onMutate: async ({ person, change }) => {
      await queries.cancelQueries({ queryKey });
      show(person.id, change);
    },
    onSuccess: (_after, { person, change, undone }) => {
      if (undone) {
        toast({ text: t("members.undone") });
        return;
      }
      const { name } = person;
      toast({
        text: change.role
          ? t("members.roleChanged", { name, role: t(`people.roles.${change.role}`) })
          : t(change.suspended ? "admin.people.suspendedOne" : "admin.people.reinstated", { name }),
        undo: () =>
          mutate({ person: { ...person, ...change }, change: backOf(person, change), undone: true }),
      });
    },
    onError: (error, { person, change }) => {
      show(person.id, backOf(person, change));
      toast({ text: why(error) });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["admin"] }),
  });
  return (person: AdminPerson, change: Change) => mutate({ person, change, undone: false });
}

function Row({
  person,
  selfId,
  onChange,
}: {
  person: AdminPerson;
  selfId: string;
  onChange: (person: AdminPerson, change: Change) => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  const self = person.id === selfId;
  const label = t("members.actionsFor", { name: person.name });
  return (
    <tr>
      <td>
        <span className="person">
          <Face id={person.id} name={person.name} outsider={person.outsider} />
          <span>
            <span className="line tight">
              <strong className="pname">{person.name}</strong>
              {self ? <span className="meta">{t("people.you")}</span> : null}
              {person.outsider ? (
                <span className="badge warn">
                  <Icon of={DoorOpen} />
                  {t("people.outsider")}
                </span>
              ) : null}
              {person.suspended ? (
                <span className="badge danger">
                  <Icon of={Ban} />
                  {t("admin.people.suspended")}
                </span>
              ) : null}
            </span>
            {person.email ? (
              <span className="meta clip" title={person.email}>
                {person.email}
              </span>
            ) : null}
            {person.next_end_at ? (
              <span className="meta">
                {t("members.until", { date: sayDay(new Date(person.next_end_at), currentLanguage()) })}
              </span>
            ) : null}
          </span>
        </span>
      </td>
      <td className="full">{person.service}</td>
      <td className="inline">
        {self ? (
          t(`people.roles.${person.role}`)
        ) : (
          <>
            <label className="sr" htmlFor={id}>
              {t("members.roleOf", { name: person.name })}
            </label>
            <select
              id={id}
              className="select role"
              value={person.role}
              onChange={(event) => onChange(person, { role: event.target.value as Role })}
            >
              {ROLES.map((role) => (
                <option key={role} value={role}>
                  {t(`people.roles.${role}`)}
                </option>
              ))}
            </select>
          </>
        )}
      </td>
      <td className="inline meta nowrap">
        <span className="sr column-name">{t("members.seenLabel")} </span>
        {person.last_seen_at ? <When at={person.last_seen_at} /> : t("members.neverSeen")}
      </td>
      <td>
        {self ? null : (
          <Menu
            label={label}
            trigger={
              <button type="button" className="icon-btn" aria-label={label} title={label}>
                <Icon of={Ellipsis} />
              </button>
            }
          >
            {person.suspended ? (
              <MenuItem icon={UserCheck} onAction={() => onChange(person, { suspended: false })}>
                {t("admin.people.reinstate")}
              </MenuItem>
            ) : (
              <MenuItem icon={UserRoundX} danger onAction={() => onChange(person, { suspended: true })}>
                {t("admin.people.suspend")}
              </MenuItem>
            )}
          </Menu>
        )}
      </td>
    </tr>
  );
}

/** Everybody who has an account: found, given a role, suspended. */
export function PeoplePage({ selfId }: { selfId: string }) {
  const { t } = useTranslation();
  const id = useId();
  const [filters, setFilters] = useFilters(FILTERS);
  const [typed, setTyped] = useState(filters.q);
  const q = useSettled(typed.trim());
  useEffect(() => {
    if (q !== filters.q) setFilters({ q });
  }, [q, filters.q, setFilters]);
  const role = ROLES.find((one) => one === filters.role) ?? null;
  const active = (["day", "week", "month"] as const).find((one) => one === filters.active) ?? null;
  const list = useInfiniteQuery(
    adminPeopleQuery({
      q: filters.q,
      role,
      suspended: filters.suspended === "yes",
      active,
      expiring: filters.expiring === "yes",
    }),
  );
  const change = useChange();
  return (
    <AdminFrame title={t("admin.sections.people")} lede={t("admin.people.lede")}>
      <div className="filters">
        <div className="field wide">
          <SearchField
            label={t("directory.searchPeople")}
            placeholder={t("admin.people.searchHint")}
            value={typed}
            onChange={setTyped}
          />
        </div>
        <div className="field">
          <label className="sr" htmlFor={id}>
            {t("admin.people.which")}
          </label>
          <select
            id={id}
            className="select"
            value={
              filters.expiring ? "expiring" : active ? active : filters.suspended ? "suspended" : (role ?? "")
            }
            onChange={({ target: { value } }) =>
              setFilters({
                role: ROLES.some((one) => one === value) ? value : value === "expiring" ? "outsider" : "",
                suspended: value === "suspended" ? "yes" : "",
                expiring: value === "expiring" ? "yes" : "",
                active: ["day", "week", "month"].includes(value) ? value : "",
              })
            }
          >
            <option value="">{t("admin.people.everybody")}</option>
            {ROLES.map((one) => (
              <option key={one} value={one}>
                {t(`people.roles.${one}`)}
              </option>
            ))}
            <option value="suspended">{t("admin.people.onlySuspended")}</option>
            <option value="expiring">{t("admin.people.expiring")}</option>
            <option value="day">{t("admin.people.active.day")}</option>
            <option value="week">{t("admin.people.active.week")}</option>
            <option value="month">{t("admin.people.active.month")}</option>
          </select>
        </div>
      </div>
      <Listed
        list={list}
        loading={t("directory.peopleLoading")}
        failed={t("directory.peopleFailed")}
        forbidden={<AdminForbidden />}
        empty={
          <Empty icon={UsersRound}>
            {filters.q ? t("directory.nobodyCalled", { text: filters.q }) : t("directory.nobody")}
          </Empty>
        }
      >
        {(items) => (
          <table className="table members" aria-busy={list.isPlaceholderData}>
            <caption className="sr">{t("admin.sections.people")}</caption>
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
              {items.map((person) => (
                <Row key={person.id} person={person} selfId={selfId} onChange={change} />
              ))}
            </tbody>
          </table>
        )}
      </Listed>
    </AdminFrame>
  );
}
