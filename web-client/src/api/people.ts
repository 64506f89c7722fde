/** Communities and who is in them, sharing, the directory and administration: what is asked, and what is sent. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import { askOrKept } from "./kept";
import type { components } from "./openapi";
import type {
  CommunityRequest,
  CommunityRole,
  Feature,
  Joining,
  Page,
  PersonRef,
  SimilarCommunity,
} from "./shapes";
import type { Role } from "./types";

type Shapes = components["schemas"];

export type Access = Shapes["Access"];

/** How somebody comes in: they asked already, or may come by themselves, ask, or wait to be invited. */
export type JoinState = Shapes["JoinState"];

export type Entry = Shapes["CommunityEntry"];

/** A community as its own pages show it. */
export type CommunityPlace = Shapes["CommunityPlace"];

/** A community as a list shows it. */
export type CommunityCard = Shapes["Community"];

export type CommunityChange = Partial<Pick<CommunityPlace, "name" | "purpose" | "visibility" | "joining">>;

export type MemberRow = Shapes["CommunityMember"];

export type MemberFilter = { q: string; role: CommunityRole | null; outsiders: boolean };

export type LineResult = Shapes["LineResult"];
export type InvitationLine = Shapes["InvitationLine"];

export type SentInvitation = Shapes["SentInvitation"];

export type JoinRequest = Shapes["JoinAsked"];

const at = (slug: string) => `/api/v1/communities/${encodeURIComponent(slug)}`;

export const placeQuery = (slug: string) =>
  queryOptions({
    queryKey: ["community", slug],
    queryFn: ({ signal }) =>
      askOrKept(`community.${slug}`, () => call<CommunityPlace>("GET", at(slug), { signal })),
  });

export const memberListQuery = (slug: string, { q, role, outsiders }: MemberFilter) =>
  infiniteQueryOptions({
    queryKey: ["community", slug, "members", { q, role, outsiders }],
    initialPageParam: null as string | null,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      call<Page<MemberRow>>("GET", `${at(slug)}/members`, {
        query: { q, role, outsiders: outsiders || null, cursor: pageParam },
        signal,
      }),
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

export const membersExport = (slug: string) => `${at(slug)}/members.csv`;

export const changeMember = (
  slug: string,
  id: string,
  change: { role?: CommunityRole; expires_at?: string | null },
) => call<MemberRow>("PATCH", `${at(slug)}/members/${id}`, { body: change });

export const removeMember = (slug: string, id: string) => call<null>("DELETE", `${at(slug)}/members/${id}`);

/** The last leader names who comes after. */
export const leaveCommunity = (slug: string, successor: string | null) =>
  call<null>("DELETE", `${at(slug)}/members/me`, { body: successor === null ? {} : { successor } });

export const checkInvitations = (
  slug: string,
  wanted: { text: string; role: CommunityRole; until: string | null },
) => call<{ lines: InvitationLine[] }>("POST", `${at(slug)}/invitations/check`, { body: wanted });

export const sendInvitations = (
  slug: string,
  wanted: { emails: string[]; role: CommunityRole; until: string | null },
) => call<{ lines: InvitationLine[] }>("POST", `${at(slug)}/invitations`, { body: wanted });

export const invitationsQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: ["community", slug, "invitations"],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      call<Page<SentInvitation>>("GET", `${at(slug)}/invitations`, { query: { cursor: pageParam }, signal }),
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

export const resendInvitation = (slug: string, id: string) =>
  call<SentInvitation>("POST", `${at(slug)}/invitations/${id}/resend`);

export const revokeInvitation = (slug: string, id: string) =>
  call<null>("DELETE", `${at(slug)}/invitations/${id}`);

export const joinsQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: ["community", slug, "joins"],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      call<Page<JoinRequest>>("GET", `${at(slug)}/joins`, { query: { cursor: pageParam }, signal }),
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

export const answerJoin = (slug: string, id: string, answer: { accept: boolean; reason?: string }) =>
  call<null>("POST", `${at(slug)}/joins/${id}`, { body: answer });

export const joinCommunity = (slug: string, message: string) =>
  call<{ state: JoinState | "member" }>("POST", `${at(slug)}/join`, { body: message ? { message } : {} });

export const withdrawJoin = (slug: string) => call<null>("DELETE", `${at(slug)}/join`);

export const changeCommunity = (slug: string, change: CommunityChange) =>
  call<CommunityPlace>("PATCH", at(slug), { body: change });

export const setFeatures = (slug: string, features: Feature[]) =>
  call<CommunityPlace>("PUT", `${at(slug)}/features`, { body: { features } });

export const archiveCommunity = (slug: string) => call<null>("POST", `${at(slug)}/archive`);
export const restoreCommunity = (slug: string) => call<null>("POST", `${at(slug)}/restore`);

export type CommunityScope = "mine" | "open" | "all";

export const communityListQuery = (filter: { q: string; scope: CommunityScope; joining: Joining | null }) =>
  infiniteQueryOptions({
    queryKey: ["communities", "list", filter],
    initialPageParam: null as string | null,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      call<Page<CommunityCard>>("GET", "/api/v1/communities", {
        query: { ...filter, cursor: pageParam },
        signal,
      }),
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

export const peopleQuery = (filter: { q: string; community: string | null }) =>
  infiniteQueryOptions({
    queryKey: ["people", filter],
    initialPageParam: null as string | null,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      call<Page<PersonRef>>("GET", "/api/v1/people", { query: { ...filter, cursor: pageParam }, signal }),
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

/** A few people for a field that is being typed in. */
export const findPeople = async (q: string, community: string | null = null) =>
  (await call<Page<PersonRef>>("GET", "/api/v1/people", { query: { q, community, limit: 8 } })).items;

export type ShareAccess = Shapes["SharedAccess"];
export type Sharing = Shapes["DocumentSharing"];

export const sharingQuery = (id: string) =>
  queryOptions({
    queryKey: ["document", id, "sharing"],
    queryFn: ({ signal }) => call<Sharing>("GET", `/api/v1/documents/${id}/sharing`, { signal }),
  });

export const setSharing = (
  id: string,
  wanted: {
    visibility: Sharing["visibility"];
    people: { person: string; access: ShareAccess }[];
    link: Sharing["link"];
  },
) => call<Sharing>("PUT", `/api/v1/documents/${id}/sharing`, { body: wanted });

/* Administration. */

export type QueueState = "open" | "waiting" | "closed";
export type QueueItem = Shapes["QueuedRequest"];
export type QueueDetail = CommunityRequest & { similar: SimilarCommunity[] };
export type Decision = "accept" | "changes" | "refuse";

export const queueQuery = (state: QueueState) =>
  infiniteQueryOptions({
    queryKey: ["admin", "requests", "list", state],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      call<Page<QueueItem>>("GET", "/api/v1/admin/requests", { query: { state, cursor: pageParam }, signal }),
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

export const queueDetailQuery = (id: string) =>
  queryOptions({
    queryKey: ["admin", "requests", "one", id],
    queryFn: ({ signal }) => call<QueueDetail>("GET", `/api/v1/admin/requests/${id}`, { signal }),
  });

export const decideRequest = (id: string, wanted: { revision: number; decision: Decision; reason: string }) =>
  call<QueueDetail>("POST", `/api/v1/admin/requests/${id}/decision`, { body: wanted });

export type AdminPerson = Shapes["AdminPerson"];

export type AdminPeopleFilter = {
  q: string;
  role: Role | null;
  suspended: boolean;
  /** Seen within. */
  active: "day" | "week" | "month" | null;
  /** From outside, with an access that ends within 30 days. */
  expiring: boolean;
};

export const adminPeopleQuery = (filter: AdminPeopleFilter) =>
  infiniteQueryOptions({
    queryKey: ["admin", "people", filter],
    initialPageParam: null as string | null,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      call<Page<AdminPerson>>("GET", "/api/v1/admin/people", {
        query: {
          q: filter.q,
          role: filter.role,
          suspended: filter.suspended || null,
          active: filter.active,
          expiring: filter.expiring || null,
          cursor: pageParam,
        },
        signal,
      }),
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

export const changePerson = (id: string, change: { role?: Role; suspended?: boolean }) =>
  call<AdminPerson>("PATCH", `/api/v1/admin/people/${id}`, { body: change });

export type AdminCommunity = Shapes["AdminCommunity"];
export type AdminCommunityFilter = "all" | "living" | "archived" | "leaderless" | "sleeping";

export const adminCommunitiesQuery = (filter: { q: string; filter: AdminCommunityFilter }) =>
  infiniteQueryOptions({
    queryKey: ["admin", "communities", filter],
    initialPageParam: null as string | null,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      call<Page<AdminCommunity>>("GET", "/api/v1/admin/communities", {
        query: { ...filter, cursor: pageParam },
        signal,
      }),
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

export const enterCommunity = (slug: string, reason: string) =>
  call<Entry>("POST", `/api/v1/admin/communities/${encodeURIComponent(slug)}/entry`, { body: { reason } });

export type AuditEntry = Shapes["AuditEntry"];
export type AuditFilter = { community: string; actor: string; action: string; from: string; to: string };

export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ["admin", "audit", filter],
    initialPageParam: null as string | null,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      call<Page<AuditEntry>>("GET", "/api/v1/admin/audit", {
        query: { ...filter, cursor: pageParam },
        signal,
      }),
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

export function auditExport(filter: AuditFilter): string {
  const wanted = Object.entries(filter).filter(([, value]) => value !== "");
  return `/api/v1/admin/audit.csv?${new URLSearchParams(wanted)}`;
}

export type Overview = Shapes["InstanceFigures"];

export const overviewQuery = queryOptions({
  queryKey: ["admin", "overview"],
  queryFn: ({ signal }) => call<Overview>("GET", "/api/v1/admin/overview", { signal }),
});

export type Instance = Shapes["InstanceSettings"];

export const instanceQuery = queryOptions({
  queryKey: ["admin", "instance"],
  queryFn: ({ signal }) => call<Instance>("GET", "/api/v1/admin/instance", { signal }),
});

export const saveInstance = (wanted: Instance) =>
  call<Instance>("PUT", "/api/v1/admin/instance", { body: wanted });
