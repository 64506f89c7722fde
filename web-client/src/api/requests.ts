/** Asking for a community, and what becomes of it. */
import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import type { CommunityRequest, Page, RequestMessage, RequestText, SimilarCommunity } from "./shapes";

export const myRequestsQuery = queryOptions({
  queryKey: ["requests"],
  queryFn: async ({ signal }) =>
    (await call<Page<CommunityRequest>>("GET", "/api/v1/requests", { signal })).items,
});

export const requestQuery = (id: string) =>
  queryOptions({
    queryKey: ["request", id],
    queryFn: ({ signal }) =>
      call<CommunityRequest>("GET", `/api/v1/requests/${encodeURIComponent(id)}`, { signal }),
  });

/** What travels: the text, who leads with me, and whether it is handed in or only kept. */
type Handed = RequestText & { co_leaders: string[]; send: boolean };

/** `revision` is the one that was read: a later one elsewhere is not written over. */
export const changeRequest = (id: string, revision: number, wanted: Handed) =>
  call<CommunityRequest>("PUT", `/api/v1/requests/${encodeURIComponent(id)}`, {
    body: { revision, ...wanted },
  });

/**
 * `id` is made here, so that asking twice makes one request. When the answer to the first time was lost, what is there is
 * older than these words: they are written over it while it is still its author's turn.
 */
export async function makeRequest(id: string, wanted: Handed): Promise<CommunityRequest> {
  const there = await call<CommunityRequest>("POST", "/api/v1/requests", { body: { id, ...wanted } });
  const writable = there.state === "draft" || there.state === "changes";
  const isMine = there.name === wanted.name.trim() && there.purpose === wanted.purpose.trim();
  if (!writable || (isMine && !wanted.send)) return there;
  return changeRequest(id, there.revision, wanted);
}

export const dropRequest = (id: string) =>
  call<unknown>("DELETE", `/api/v1/requests/${encodeURIComponent(id)}`);

export const writeToRequest = (id: string, text: string) =>
  call<RequestMessage>("POST", `/api/v1/requests/${encodeURIComponent(id)}/messages`, { body: { text } });

export const similarQuery = (name: string) =>
  queryOptions({
    queryKey: ["communities", "similar", name],
    enabled: name.length >= 3,
    staleTime: 60_000,
    queryFn: async ({ signal }) =>
      (await call<Page<SimilarCommunity>>("GET", "/api/v1/communities/similar", { query: { name }, signal }))
        .items,
  });
