/** Invitations that wait for me, and communities I may join. */
import { queryOptions } from "@tanstack/react-query";
import { answer, server } from "./client";

export const myInvitationsQuery = queryOptions({
  queryKey: ["invitations"],
  queryFn: async ({ signal }) => (await answer(server.GET("/api/v1/invitations", { signal }))).items,
});

export const acceptInvitation = (id: string) =>
  answer(server.POST("/api/v1/invitations/{id}/accept", { params: { path: { id } } }));

/** Arrives even when the page is being left. */
export const declineInvitation = (id: string) =>
  answer(server.POST("/api/v1/invitations/{id}/decline", { params: { path: { id } }, keepalive: true }));

/** Uses the link of a mail up: I am a member afterwards, and signed in. */
export const redeemInvitation = (secret: string) =>
  answer(server.POST("/api/v1/invitations/redeem", { body: { secret } }));

/** A few I could join, for the front page. */
export const openCommunitiesQuery = (limit: number) =>
  queryOptions({
    queryKey: ["communities", "open", limit],
    queryFn: async ({ signal }) =>
      (
        await answer(
          server.GET("/api/v1/communities", { params: { query: { scope: "open", limit } }, signal }),
        )
      ).items,
  });
