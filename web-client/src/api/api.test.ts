import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Problem, Unreachable } from "./client";
import { askOrKept, forgetAll, keep } from "./kept";
import { meQuery, recentDocumentsQuery } from "./queries";
import { uuidv7 } from "./uuid";

const queries = new QueryClient({ defaultOptions: { queries: { retry: false, networkMode: "always" } } });

function answers(replies: Record<string, { status: number; body: unknown } | "away">) {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    const reply = replies[pathname];
    if (reply === undefined || reply === "away") throw new TypeError("network");
    return new Response(JSON.stringify(reply.body), {
      status: reply.status,
      headers: { "content-type": "application/json" },
    });
  });
  return asked;
}

const ME = { id: "a", name: "Awa Diallo", role: "agent", language: "fr", communities: [] };
const CONFIG = { demo: true, version: "0", languages: ["fr"], signed_in: true };

beforeEach(() => {
  localStorage.clear();
  queries.clear();
});
afterEach(() => vi.unstubAllGlobals());

test("a visitor is known without an address that refuses", async () => {
  const asked = answers({ "/api/v1/config": { status: 200, body: { ...CONFIG, signed_in: false } } });
  expect(await queries.fetchQuery(meQuery)).toBeNull();
  expect(asked).toEqual(["/api/v1/config"]);
});

test("who was here is still here while the network is away, and not once the login is over", async () => {
  answers({ "/api/v1/config": { status: 200, body: CONFIG }, "/api/v1/me": { status: 200, body: ME } });
  expect(await queries.fetchQuery(meQuery)).toEqual(ME);
  queries.clear();
  answers({});
  expect(await queries.fetchQuery(meQuery)).toEqual(ME);
  queries.clear();
  answers({ "/api/v1/me": { status: 401, body: { code: "not-signed-in" } } });
  expect(await queries.fetchQuery(meQuery)).toBeNull();
  queries.clear();
  answers({});
  await expect(queries.fetchQuery(meQuery)).rejects.toBeInstanceOf(Unreachable);
});

test("without a kept list, the documents opened on this device are the list", async () => {
  const facts = {
    id: "d",
    title: "Déjà ouvert",
    community: { id: "c", slug: "s", name: "S" },
    updated_at: "2026-11-24",
  };
  keep("document.d", facts);
  keep("document.e", { ...facts, id: "e", community: null, updated_at: "2026-11-25" });
  answers({});
  const all = await queries.fetchQuery(recentDocumentsQuery(null, 5));
  expect(all.items.map((one) => one.id)).toEqual(["e", "d"]);
  const some = await queries.fetchQuery(recentDocumentsQuery("s", 5));
  expect(some.items.map((one) => one.id)).toEqual(["d"]);
});

test("a refusal forgets what was kept; a proxy's word for a server that is away does not", async () => {
  keep("x", 1);
  await expect(askOrKept("x", () => Promise.reject(new Unreachable("away")))).resolves.toBe(1);
  await expect(
    askOrKept("x", () => Promise.reject(new Problem(404, "not-found", undefined))),
  ).rejects.toBeInstanceOf(Problem);
  await expect(askOrKept("x", () => Promise.reject(new Unreachable("away")))).rejects.toBeInstanceOf(
    Unreachable,
  );
  keep("y", 2);
  forgetAll();
  await expect(askOrKept("y", () => Promise.reject(new Unreachable("away")))).rejects.toBeInstanceOf(
    Unreachable,
  );
});

test("a problem carries its code and its reference", async () => {
  answers({ "/api/v1/documents": { status: 500, body: { code: "internal", request_id: "r-1" } } });
  await expect(queries.fetchQuery(recentDocumentsQuery(null, 5))).rejects.toMatchObject({
    status: 500,
    code: "internal",
    reference: "r-1",
  });
});

test("an id made here is a UUID of version 7 that sorts by time", () => {
  const early = uuidv7(Date.UTC(2026, 0, 1));
  const late = uuidv7(Date.UTC(2026, 0, 2));
  expect(early).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(early < late).toBe(true);
});
