/** Shapes of the REST interface, under the names pages use; the server's own description says what is in them. */
import type { components } from "./openapi";
import type { Feature } from "./shapes";

type Shapes = components["schemas"];

export type Role = Shapes["InstanceRole"];
export type DemoPerson = Shapes["DemoEntry"];
export type Me = Shapes["Me"];
export type Login = Shapes["MyLogin"];
/** Who may find me in the directory. */
export type Directory = Shapes["DirectoryWord"];
export type CommunityRef = Shapes["DocumentCommunity"];
export type DocumentFacts = Shapes["Document"] & {
  /** Which of its community's lists it stands in. */
  feature?: Feature;
  /** By which rule others reach it. */
  visibility?: "inherit" | "restricted" | "link";
};
export type DocumentPage = { items: DocumentFacts[]; next_cursor?: string | null };
