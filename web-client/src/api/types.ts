/** Shapes of the REST interface, as the client uses them. */
export type Role = "administrator" | "agent" | "outsider";
export type MemberRole = "leader" | "moderator" | "member" | "reader";
export type Access = "read" | "comment" | "write" | "manage";

export type DemoPerson = { id: string; name: string; role: Role };
export type CommunityRef = { id: string; slug: string; name: string };
export type Me = {
  id: string;
  name: string;
  role: Role;
  language: string;
  communities: (CommunityRef & { role: MemberRole })[];
};
export type Community = CommunityRef & {
  purpose: string;
  visibility: "public" | "private" | "secret";
  members_count: number;
  role: MemberRole | null;
};
export type Member = { id: string; name: string; role: MemberRole; outsider: boolean };
export type PersonRef = { id: string; name: string };
export type DocumentFacts = {
  id: string;
  title: string;
  community: CommunityRef | null;
  access: Access;
  room: string;
  created_at: string;
  updated_at: string;
  created_by: PersonRef | null;
  updated_by: PersonRef | null;
};
export type DocumentPage = { items: DocumentFacts[]; next_cursor: string | null };
/** What may be known before anybody signs in. */
export type PublicConfig = { demo: boolean; version: string; languages: string[]; signed_in: boolean };
