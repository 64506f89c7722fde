/** My account: ways to sign in, profile, logins. */
import { queryOptions } from "@tanstack/react-query";
import { answer, server } from "./client";
import type { Directory } from "./types";

/** What this instance is, before anybody has signed in. */
export const configQuery = queryOptions({
  queryKey: ["config"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: ({ signal }) => answer(server.GET("/api/v1/config", { signal })),
});

/** The provider's own pages: the browser leaves, and comes back to `returnTo`. */
export const providerAddress = (returnTo: string) =>
  `/auth/oidc/start?return_to=${encodeURIComponent(returnTo)}`;

/** Sends a link if there is somebody to send it to; the answer never says which. */
export const askForLink = (email: string, returnTo: string) =>
  answer(server.POST("/auth/email", { body: { email, return_to: returnTo } }));

/** Uses a link up. */
export const redeemLink = (secret: string) => answer(server.POST("/auth/email/redeem", { body: { secret } }));

export type ProfileChange = {
  language?: string;
  name?: string;
  service?: string | null;
  directory?: Directory;
};

export const saveProfile = (change: ProfileChange) => answer(server.PATCH("/api/v1/me", { body: change }));

export const loginsQuery = queryOptions({
  queryKey: ["account", "logins"],
  queryFn: async ({ signal }) => (await answer(server.GET("/api/v1/me/logins", { signal }))).items,
});

export const endLogin = (id: string) =>
  answer(server.DELETE("/api/v1/me/logins/{id}", { params: { path: { id } } }));

export const endOtherLogins = () => answer(server.POST("/api/v1/me/logins/end-others"));

/** All that the service holds about me, as a file. */
export const EXPORT_ADDRESS = "/api/v1/me/export";
