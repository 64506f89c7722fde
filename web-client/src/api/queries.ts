/** The questions pages ask, as entries of the query cache: server state lives there and nowhere else. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call, Problem } from "./client";
import { askOrKept, forgetAll } from "./kept";
import type { Community, DemoPerson, DocumentFacts, DocumentPage, Me, Member, PublicConfig } from "./types";

const PAGE_SIZE = 50;

const askConfig = (signal: AbortSignal) => call<PublicConfig>("/api/v1/config", { signal });

/** Who I am; null for a visitor, who is not sent to an address that would refuse them. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  staleTime: 60_000,
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      return await askOrKept("me", async () => {
        if (!(await askConfig(signal)).signed_in) throw new Problem(401, "not-signed-in", undefined);
        return call<Me>("/api/v1/me", { signal });
      });
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return null;
      throw error;
    }
  },
});

/** People one may sign in as; null where there is no demo. */
export const demoQuery = queryOptions({
  queryKey: ["demo"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async ({ signal }): Promise<DemoPerson[] | null> => {
    if (!(await askConfig(signal)).demo) return null;
    return (await call<{ people: DemoPerson[] }>("/auth/demo", { signal })).people;
  },
});

export const communityQuery = (slug: string) =>
  queryOptions({
    queryKey: ["community", slug],
    queryFn: ({ signal }) =>
      askOrKept(`community.${slug}`, () =>
        call<Community>(`/api/v1/communities/${encodeURIComponent(slug)}`, { signal }),
      ),
  });

export const membersQuery = (slug: string) =>
  queryOptions({
    queryKey: ["community", slug, "members"],
    queryFn: async ({ signal }) =>
      (await call<{ items: Member[] }>(`/api/v1/communities/${encodeURIComponent(slug)}/members`, { signal }))
        .items,
  });

function documentsPath(community: string | null, cursor: string | null, limit: number): string {
  const asked = new URLSearchParams();
  if (community !== null) asked.set("community", community);
  if (cursor !== null) asked.set("cursor", cursor);
  asked.set("limit", String(limit));
  return `/api/v1/documents?${asked}`;
}

/** The latest few, of one community or of all I can open. */
export const recentDocumentsQuery = (community: string | null, limit: number) =>
  queryOptions({
    queryKey: ["documents", "recent", community, limit],
    queryFn: ({ signal }) =>
      askOrKept(`documents.recent.${community ?? ""}.${limit}`, () =>
        call<DocumentPage>(documentsPath(community, null, limit), { signal }),
      ),
  });

/** All of them, a page at a time, latest first. */
export const documentsQuery = (community: string | null) =>
  infiniteQueryOptions({
    queryKey: ["documents", "all", community],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => {
      const ask = () => call<DocumentPage>(documentsPath(community, pageParam, PAGE_SIZE), { signal });
      return pageParam === null ? askOrKept(`documents.all.${community ?? ""}`, ask) : ask();
    },
    getNextPageParam: (page: DocumentPage) => page.next_cursor,
  });

export const documentQuery = (id: string) =>
  queryOptions({
    queryKey: ["document", id],
    queryFn: ({ signal }) =>
      askOrKept(`document.${id}`, () =>
        call<DocumentFacts>(`/api/v1/documents/${encodeURIComponent(id)}`, { signal }),
      ),
  });

export const signInAs = (id: string) => call<unknown>("/auth/demo", { method: "POST", body: { id } });

/** Ends the login, and forgets what this device kept of it. */
export async function signOut(): Promise<void> {
  await call<void>("/auth/logout", { method: "POST" });
  forgetAll();
}

export const saveLanguage = (language: string) =>
  call<Me>("/api/v1/me", { method: "PATCH", body: { language } });

/** `id` is made here, so that asking twice makes one document. */
export const createDocument = (wanted: { id: string; title: string; community: string | null }) =>
  call<DocumentFacts>("/api/v1/documents", { method: "POST", body: wanted });

export const renameDocument = (id: string, title: string) =>
  call<DocumentFacts>(`/api/v1/documents/${encodeURIComponent(id)}`, { method: "PATCH", body: { title } });
