/** Shapes of the REST interface, under the names pages use; the server's own description says what is in them. */
import type { components } from "./openapi";
import type { Directory, Feature } from "./shapes";

type Shapes = components["schemas"];

export type Role = Shapes["InstanceRole"];
export type DemoPerson = Shapes["DemoEntry"];
export type Me = Shapes["Me"] & {
  email: string | null;
  service: string | null;
  directory: Directory;
  is_administrator: boolean;
  /** May ask for a community; whether it opens without a decision is `may_create`. */
  may_request: boolean;
  may_create: boolean;
  invitations_count: number;
  /** For administrators: how many requests wait for a decision. */
  requests_count: number;
  instance_name: string;
};
export type CommunityRef = Shapes["DocumentCommunity"];
export type DocumentFacts = Shapes["Document"] & {
  /** Which of its community's lists it stands in. */
  feature?: Feature;
  /** By which rule others reach it. */
  visibility?: "inherit" | "restricted" | "link";
};
export type DocumentPage = { items: DocumentFacts[]; next_cursor?: string | null };
