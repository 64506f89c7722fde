import { useRouterState } from "@tanstack/react-router";
import { Download, UserPlus } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { type CommunityPlace, type CommunityRole, membersExport } from "../../api";
import { usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { SearchField, type TabOf, Tabs, useSettled } from "../../ui/Lists";
import { ArchivedNote, EntryNote } from "./Banners";
import { SentInvitations } from "./Invitations";
import { InvitePanel } from "./InvitePanel";
import { Joins } from "./Joins";
import { MembersOnly } from "./MembersOnly";
import { MemberTable } from "./MemberTable";
import { NoPlace, usePlace } from "./NoPlace";
import { leads, moderates, ROLES } from "./words";
import "./communities.css";

/** The address by which a community's own button leads here. */
function asksToInvite(state: { location: { search: unknown } }): boolean {
  return "invite" in (state.location.search as Record<string, unknown>);
}

type Tab = "members" | "joins" | "invitations" | "outsiders";

function Everybody({
  place,
  selfId,
  outsiders,
}: {
  place: CommunityPlace;
  selfId: string;
  outsiders: boolean;
}) {
  const { t } = useTranslation();
  const id = useId();
  const [typed, setTyped] = useState("");
  const [role, setRole] = useState<CommunityRole | null>(null);
  const q = useSettled(typed.trim());
  return (
    <section aria-labelledby="h-everybody">
      <div className="section-head list-head">
        <h2 id="h-everybody">{t(outsiders ? "members.outsiders" : "members.everybody")}</h2>
        <label className="sr" htmlFor={id}>
          {t("members.filterRole")}
        </label>
        <select
          id={id}
          className="select auto"
          value={role ?? ""}
          onChange={(event) => setRole((event.target.value || null) as CommunityRole | null)}
        >
          <option value="">{t("members.everyRole")}</option>
          {ROLES.map((one) => (
            <option key={one} value={one}>
              {t(`members.roles.${one}`)}
            </option>
          ))}
        </select>
        <SearchField
          label={t("members.search")}
          placeholder={t("members.searchHint")}
          value={typed}
          onChange={setTyped}
        />
      </div>
      <MemberTable place={place} selfId={selfId} filter={{ q, role, outsiders }} />
    </section>
  );
}

/** Who is in a community: invited, let in, changed and shown out here. */
export function MembersPage({ slug, selfId }: { slug: string; selfId: string }) {
  const { t } = useTranslation();
  const { asked, place } = usePlace(slug);
  const inviteId = useId();
  const [tab, setTab] = useState<Tab>("members");
  // On a phone the form stands over the list only when it is wanted.
  const [inviting, setInviting] = useState(useRouterState({ select: asksToInvite }));
  usePageTitle(place ? `${t("communities.members")} – ${place.name}` : undefined);
  if (!place)
    return (
      <NoPlace asked={asked} title={t("communities.members")} loading={t("communities.membersLoading")} />
    );
  const governs = leads(place.role) && !place.archived;
  const keepsOrder = place.access === "manage" && moderates(place.role);
  const tabs: TabOf<Tab>[] = [
    { value: "members", label: t("communities.members"), count: place.members_count },
    ...(keepsOrder && !place.archived
      ? [{ value: "joins" as const, label: t("members.tabs.joins"), count: place.pending_joins_count }]
      : []),
    ...(governs ? [{ value: "invitations" as const, label: t("members.tabs.invitations") }] : []),
    { value: "outsiders", label: t("members.tabs.outsiders"), count: place.outsiders_count },
  ];
  // A part that is no longer one's own gives way to the first.
  const shown = tabs.find((one) => one.value === tab)?.value ?? "members";
  return (
    <div className="wide-max">
      <div className="page-head">
        <div>
          <h1>{t("communities.members")}</h1>
          <p className="lede">
            {place.outsiders_count > 0
              ? t("community.peopleWithOutsiders", {
                  people: t("community.people", { count: place.members_count }),
                  outsiders: t("community.outsiders", { count: place.outsiders_count }),
                })
              : `${t("community.people", { count: place.members_count })}.`}{" "}
            {t(`community.joining.${place.joining}.sentence`)}
          </p>
        </div>
        {leads(place.role) ? (
          <div className="actions">
            <a className="btn" href={membersExport(slug)} download={`${slug}.csv`}>
              <Icon of={Download} small />
              {t("members.export")}
            </a>
            {governs && shown === "members" ? (
              <button
                type="button"
                className={inviting ? "btn only-phone" : "btn primary only-phone"}
                aria-expanded={inviting}
                aria-controls={inviteId}
                onClick={() => setInviting(!inviting)}
              >
                <Icon of={UserPlus} small />
                {t("members.invite")}
              </button>
            ) : null}
          </div>
        ) : null}
      </div>
      <div className="page-body">
        <ArchivedNote place={place} />
        <EntryNote place={place} />
        {place.access === "none" ? (
          <MembersOnly place={place} />
        ) : (
          <>
            <Tabs<Tab> label={t("communities.members")} value={shown} onChange={setTab} tabs={tabs} />
            <div className="stack">
              {shown === "members" && governs ? (
                <div id={inviteId} className={inviting ? undefined : "not-phone"}>
                  <InvitePanel slug={slug} />
                </div>
              ) : null}
              {shown === "members" && keepsOrder && !place.archived ? <Joins slug={slug} quiet /> : null}
              {shown === "joins" ? <Joins slug={slug} /> : null}
              {shown === "invitations" ? <SentInvitations slug={slug} /> : null}
              {shown === "members" || shown === "outsiders" ? (
                <Everybody key={shown} place={place} selfId={selfId} outsiders={shown === "outsiders"} />
              ) : null}
            </div>
          </>
        )}
      </div>
    </div>
  );
}
