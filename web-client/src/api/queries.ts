/** The questions pages ask, as entries of the query cache: server state lives there and nowhere else. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answer, call, Problem, server, Unreachable } from "./client";
import { askOrKept, forgetAll, isKept, keptUnder } from "./kept";
import type { Feature } from "./shapes";
import type { DemoPerson, DocumentFacts, DocumentPage, Me } from "./types";

const PAGE_SIZE = 50;

const askConfig = (signal: AbortSignal) => answer(server.GET("/api/v1/config", { signal }));

/** Who I am; null for a visitor, who is not sent to an address that would refuse them. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  staleTime: 60_000,
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      return await askOrKept("me", async () => {
        // Whoever was signed in here most likely still is.
        const known = isKept("me") || (await askConfig(signal)).signed_in;
        if (!known) throw new Problem(401, "not-signed-in", undefined);
        return answer(server.GET("/api/v1/me", { signal }));
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
    return (await answer(server.GET("/auth/demo", { signal }))).people;
  },
});

/** Without a list from the server: the documents that were opened on this device, latest first. */
function openedHere(community: string | null, feature: Feature | null, error: unknown): DocumentPage {
  if (!(error instanceof Unreachable)) throw error;
  const opened = keptUnder<DocumentFacts>("document.")
    .filter((facts) => community === null || facts.community?.slug === community)
    .filter((facts) => feature === null || (facts.feature ?? "documents") === feature)
    .sort((a, b) => b.updated_at.localeCompare(a.updated_at));
  if (opened.length === 0) throw error;
  return { items: opened, next_cursor: null };
}

type DocumentsAsked = {
  community: string | null;
  feature?: Feature | null;
  cursor?: string | null;
  limit: number;
};

const askDocuments = (query: DocumentsAsked, signal: AbortSignal) =>
  call<DocumentPage>("GET", "/api/v1/documents", { query, signal });

/** The latest few, of one community or of all I can open; of one of its lists or of any. */
export const recentDocumentsQuery = (
  community: string | null,
  limit: number,
  feature: Feature | null = null,
) =>
  queryOptions({
    queryKey: ["documents", "recent", community, limit, feature],
    queryFn: ({ signal }) =>
      askOrKept(`documents.recent.${community ?? ""}.${limit}.${feature ?? ""}`, () =>
        askDocuments({ community, limit, feature }, signal),
      ).catch((error: unknown) => openedHere(community, feature, error)),
  });

/** All of them, a page at a time, latest first. */
export const documentsQuery = (community: string | null, feature: Feature | null = null) =>
  infiniteQueryOptions({
    queryKey: ["documents", "all", community, feature],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => {
      const ask = () => askDocuments({ community, feature, cursor: pageParam, limit: PAGE_SIZE }, signal);
      if (pageParam !== null) return ask();
      return askOrKept(`documents.all.${community ?? ""}.${feature ?? ""}`, ask).catch((error: unknown) =>
        openedHere(community, feature, error),
      );
    },
    getNextPageParam: (page: DocumentPage) => page.next_cursor ?? null,
  });

export const documentQuery = (id: string) =>
  queryOptions({
    queryKey: ["document", id],
    queryFn: ({ signal }) =>
      askOrKept<DocumentFacts>(`document.${id}`, () =>
        answer(server.GET("/api/v1/documents/{id}", { params: { path: { id } }, signal })),
      ),
  });

export const signInAs = (id: string) => answer(server.POST("/auth/demo", { body: { id } }));

/** Ends the login, and forgets what this device kept of it. Answers where to end the provider's, if it has one. */
export async function signOut(): Promise<string | null> {
  const { redirect } = await answer(server.POST("/auth/logout"));
  forgetAll();
  return redirect ?? null;
}

/** `id` is made here, so that asking twice makes one document. */
export const createDocument = (wanted: {
  id: string;
  title: string;
  community: string | null;
  feature?: Feature;
}) => call<DocumentFacts>("POST", "/api/v1/documents", { body: wanted });

export const renameDocument = (id: string, title: string) =>
  answer(server.PATCH("/api/v1/documents/{id}", { params: { path: { id } }, body: { title } }));
