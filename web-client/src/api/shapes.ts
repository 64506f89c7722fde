/** Shapes of people, communities and requests, under the names pages use; the server's own description says what is in them. */
import type { components } from "./openapi";

type Shapes = components["schemas"];

export type Visibility = Shapes["CommunityVisibility"];
export type Joining = Shapes["CommunityJoining"];
export type Model = Shapes["CommunityModel"];
export type Feature = Shapes["CommunityFeature"];
export type CommunityRole = Shapes["CommunityRole"];
export const FEATURES: readonly Feature[] = ["documents", "wiki", "posts", "faq"];
export const VISIBILITIES: readonly Visibility[] = ["public", "private", "secret"];
export const JOININGS: readonly Joining[] = ["open", "approval", "invitation"];
export const MODELS: readonly Model[] = ["network", "project", "event"];

export type News = Shapes["News"];
export type PersonRef = Shapes["Person"];
export type InvitationForMe = Shapes["InvitationForMe"];

export type RequestState = Shapes["CommunityRequestState"];
export type RequestMessage = Shapes["RequestMessage"];
export type CommunityRequest = Shapes["CommunityRequest"];
/** What a person writes when they ask for a community. */
export type RequestText = Pick<
  CommunityRequest,
  "name" | "purpose" | "model" | "visibility" | "joining" | "features"
>;

/** A community whose name is close to one that is being typed. */
export type SimilarCommunity = Shapes["SimilarCommunity"];

export type Page<Item> = { items: Item[]; next_cursor?: string | null };
