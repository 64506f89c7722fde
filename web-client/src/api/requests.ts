/** Asking for a community, and what becomes of it. */
import { queryOptions } from "@tanstack/react-query";
import { answer, server } from "./client";
import type { CommunityRequest, RequestText } from "./shapes";

export const myRequestsQuery = queryOptions({
  queryKey: ["requests"],
  queryFn: async ({ signal }) => (await answer(server.GET("/api/v1/requests", { signal }))).items,
});

const at = (id: string) => ({ path: { id } });

export const requestQuery = (id: string) =>
  queryOptions({
    queryKey: ["request", id],
    queryFn: ({ signal }) => answer(server.GET("/api/v1/requests/{id}", { params: at(id), signal })),
  });

/** What travels: the text, who leads with me, and whether it is handed in or only kept. */
type Handed = RequestText & { co_leaders: string[]; send: boolean };

/** `revision` is the one that was read: a later one elsewhere is not written over. */
export const changeRequest = (id: string, revision: number, wanted: Handed): Promise<CommunityRequest> =>
  answer(server.PUT("/api/v1/requests/{id}", { params: at(id), body: { revision, ...wanted } }));

/**
 * `id` is made here, so that asking twice makes one request. When the answer to the first time was lost, what is there is
 * older than these words: they are written over it while it is still its author's turn.
 */
export async function makeRequest(id: string, wanted: Handed): Promise<CommunityRequest> {
  const call = server.POST("/api/v1/requests", { body: { id, ...wanted } });
  const kept = await answer(call);
  const isNew = (await call).response.status === 201;
  if (isNew || (kept.state !== "draft" && kept.state !== "changes")) return kept;
  return changeRequest(id, kept.revision, wanted);
}

export const dropRequest = (id: string) => answer(server.DELETE("/api/v1/requests/{id}", { params: at(id) }));

export const writeToRequest = (id: string, text: string) =>
  answer(server.POST("/api/v1/requests/{id}/messages", { params: at(id), body: { text } }));

export const similarQuery = (name: string) =>
  queryOptions({
    queryKey: ["communities", "similar", name],
    enabled: name.length >= 3,
    staleTime: 60_000,
    queryFn: async ({ signal }) =>
      (await answer(server.GET("/api/v1/communities/similar", { params: { query: { name } }, signal })))
        .items,
  });
