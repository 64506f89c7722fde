/** Invitations that wait for me, and communities I may join. */
import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import type { CommunityCard } from "./people";
import type { InvitationForMe, Page } from "./shapes";

export const myInvitationsQuery = queryOptions({
  queryKey: ["invitations"],
  queryFn: async ({ signal }) =>
    (await call<Page<InvitationForMe>>("GET", "/api/v1/invitations", { signal })).items,
});

export const acceptInvitation = (id: string) =>
  call<unknown>("POST", `/api/v1/invitations/${encodeURIComponent(id)}/accept`, { body: {} });

export const declineInvitation = (id: string) =>
  call<unknown>("POST", `/api/v1/invitations/${encodeURIComponent(id)}/decline`, { body: {} });

/** Uses the link of a mail up: I am a member afterwards, and signed in. */
export const redeemInvitation = (secret: string) =>
  call<{ slug: string }>("POST", "/api/v1/invitations/redeem", { body: { secret } });

/** A few I could join, for the front page. */
export const openCommunitiesQuery = (limit: number) =>
  queryOptions({
    queryKey: ["communities", "open", limit],
    queryFn: async ({ signal }) =>
      (
        await call<Page<CommunityCard>>("GET", "/api/v1/communities", {
          query: { scope: "open", limit },
          signal,
        })
      ).items,
  });
