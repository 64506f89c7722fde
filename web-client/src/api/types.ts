/** Shapes of the REST interface, under the names pages use; the server's own description says what is in them. */
import type { components } from "./openapi";

type Shapes = components["schemas"];

export type Role = Shapes["InstanceRole"];
export type DemoPerson = Shapes["DemoEntry"];
export type Me = Shapes["Me"];
export type CommunityRef = Shapes["DocumentCommunity"];
export type Community = Shapes["Community"];
export type Member = Shapes["CommunityMember"];
export type DocumentFacts = Shapes["Document"];
export type DocumentPage = Shapes["Documents"];
