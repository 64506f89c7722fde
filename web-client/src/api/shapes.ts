/** Shapes of people, communities, requests and administration. */

export type Visibility = "public" | "private" | "secret";
export type Joining = "open" | "approval" | "invitation";
export type Model = "network" | "project" | "event";
export type Feature = "documents" | "wiki" | "posts" | "faq";
export type CommunityRole = "leader" | "moderator" | "member" | "reader";
export const FEATURES: readonly Feature[] = ["documents", "wiki", "posts", "faq"];
export const VISIBILITIES: readonly Visibility[] = ["public", "private", "secret"];
export const JOININGS: readonly Joining[] = ["open", "approval", "invitation"];
export const MODELS: readonly Model[] = ["network", "project", "event"];

export type PersonRef = { id: string; name: string; service: string | null; outsider: boolean };

export type InvitationForMe = {
  id: string;
  community: {
    id?: string;
    slug: string;
    name: string;
    purpose: string;
    visibility: Visibility;
    members_count: number;
  };
  invited_by: PersonRef | null;
  role: CommunityRole;
  expires_at: string;
};

export type RequestState = "draft" | "received" | "changes" | "accepted" | "refused";

/** What a person writes when they ask for a community. */
export type RequestText = {
  name: string;
  purpose: string;
  model: Model;
  visibility: Visibility;
  joining: Joining;
  features: Feature[];
};

export type RequestMessage = { id: string; author: PersonRef; text: string; created_at: string };

export type CommunityRequest = RequestText & {
  id: string;
  number: string | null;
  revision: number;
  state: RequestState;
  requester: PersonRef;
  co_leaders: PersonRef[];
  reason: string | null;
  decided_by: PersonRef | null;
  decided_at: string | null;
  community: { slug: string; name: string } | null;
  messages: RequestMessage[];
  created_at: string;
  updated_at: string;
};

/** A community whose name is close to one that is being typed. */
export type SimilarCommunity = {
  id: string;
  slug: string;
  name: string;
  members_count: number;
  visibility: Visibility;
  joining: Joining;
  role: CommunityRole | null;
};

export type Page<Item> = { items: Item[]; next_cursor?: string | null };
