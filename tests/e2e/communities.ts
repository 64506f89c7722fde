/** Communities of a test's own, made by the interface of the server as people would. */
import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";
import type { Node } from "./node.ts";
import { expect, type Person } from "./people.ts";

export const INES = "Inès Garnier";
/** Runs the instance. */
export const LUCIE = "Lucie Perrin";

type Wanted = {
  visibility?: "public" | "private" | "secret";
  joining?: "open" | "approval" | "invitation";
  features?: string[];
};

/** What a call answers, which has to be what was wanted. */
export async function ask<Answer>(
  person: Person,
  node: Node,
  method: "get" | "post" | "put" | "patch" | "delete",
  path: string,
  data?: unknown,
): Promise<Answer> {
  const answer = await person.context.request[method](`${node.url}/api/v1${path}`, { data });
  expect(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
  const text = await answer.text();
  return (text ? JSON.parse(text) : null) as Answer;
}

/** A request for a community, handed in. */
export function handIn(
  person: Person,
  node: Node,
  name: string,
  { visibility = "private", joining = "approval", features = ["documents", "wiki", "posts"] }: Wanted = {},
): Promise<{ id: string; revision: number }> {
  return ask(person, node, "post", "/requests", {
    id: randomUUID(),
    name,
    purpose: "Essayer ce que font les communautés.",
    model: "network",
    visibility,
    joining,
    features,
    co_leaders: [],
    send: true,
  });
}

/** Asked for by its leader and accepted by the administrator. Answers its slug. */
export async function found(
  leader: Person,
  lucie: Person,
  node: Node,
  name: string,
  wanted: Wanted = {},
): Promise<string> {
  const asked = await handIn(leader, node, name, wanted);
  const decided = await ask<{ community: { slug: string } | null }>(
    lucie,
    node,
    "post",
    `/admin/requests/${asked.id}/decision`,
    { revision: asked.revision, decision: "accept", reason: "" },
  );
  return decided.community?.slug ?? "";
}

/** Invited by its leader, and accepted. */
export async function admit(
  leader: Person,
  person: Person,
  node: Node,
  slug: string,
  role: "leader" | "moderator" | "member" | "reader",
): Promise<void> {
  const { email } = await ask<{ email: string }>(person, node, "get", "/me");
  await ask(leader, node, "post", `/communities/${slug}/invitations`, { emails: [email], role, until: null });
  const { items } = await ask<{ items: { id: string; community: { slug: string } }[] }>(
    person,
    node,
    "get",
    "/invitations",
  );
  const mine = items.find((one) => one.community.slug === slug);
  await ask(person, node, "post", `/invitations/${mine?.id}/accept`, {});
}

/** Presses Tab until something that fits has the focus: what a keyboard alone can reach. */
export async function tabTo(page: Page, wanted: ReturnType<Page["locator"]>): Promise<void> {
  for (let step = 0; step < 80; step += 1) {
    if (await wanted.evaluate((node) => node === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("the keyboard does not get there");
}

/** Entries of the community's menu, in their order. */
export const menu = (page: Page) =>
  page.getByRole("navigation", { name: "Menu de la communauté" }).getByRole("link");
