/** My account: ways to sign in, profile, logins. */
import { queryOptions } from "@tanstack/react-query";
import { answer, call, server } from "./client";
import type { Directory, Login, Page, SignInWays } from "./shapes";
import type { Me } from "./types";

/** What this instance is, before anybody has signed in. */
export const configQuery = queryOptions({
  queryKey: ["config"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async ({ signal }) => {
    const config = await answer(server.GET("/api/v1/config", { signal }));
    return config as typeof config & { sign_in: SignInWays; instance_name: string };
  },
});

/** The provider's own pages: the browser leaves, and comes back to `returnTo`. */
export const providerAddress = (returnTo: string) =>
  `/auth/oidc/start?return_to=${encodeURIComponent(returnTo)}`;

/** Sends a link if there is somebody to send it to; the answer never says which. */
export const askForLink = (email: string, returnTo: string) =>
  call<unknown>("POST", "/auth/email", { body: { email, return_to: returnTo } });

/** Uses a link up. */
export const redeemLink = (secret: string) =>
  call<{ return_to: string | null }>("POST", "/auth/email/redeem", { body: { secret } });

export type ProfileChange = Partial<{
  language: string;
  name: string;
  service: string | null;
  directory: Directory;
}>;

export const saveProfile = (change: ProfileChange) => call<Me>("PATCH", "/api/v1/me", { body: change });

export const loginsQuery = queryOptions({
  queryKey: ["account", "logins"],
  queryFn: async ({ signal }) => (await call<Page<Login>>("GET", "/api/v1/me/logins", { signal })).items,
});

export const endLogin = (id: string) =>
  call<unknown>("DELETE", `/api/v1/me/logins/${encodeURIComponent(id)}`);

export const endOtherLogins = () => call<unknown>("POST", "/api/v1/me/logins/end-others", { body: {} });

/** All that the service holds about me, as a file. */
export const EXPORT_ADDRESS = "/api/v1/me/export";
