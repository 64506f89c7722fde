/** An invitation that comes by mail, to somebody without an account and to somebody with one. */
import { ask, found, LUCIE } from "./communities.ts";
import { looksRight } from "./looks.ts";
import { test } from "./mailed.ts";
import { AWA, BRUNO, expect } from "./people.ts";

const NADIA = "nadia.haddad@collectif.example";

test("who has no account comes in by the link of the mail, once, and sees that community alone", async ({
  person,
  node,
  mailbox,
  allowed,
}) => {
  allowed.push(/410|404/);
  const awa = await person(AWA);
  const lucie = await person(LUCIE);
  const slug = await found(awa, lucie, node, "Avec le dehors");
  await ask(awa, node, "post", `/communities/${slug}/invitations`, {
    emails: [NADIA],
    role: "member",
    until: null,
  });
  await expect.poll(() => mailbox.link(NADIA, "/invitation#")).toBeTruthy();
  const link = mailbox.link(NADIA, "/invitation#") ?? "";

  const nadia = await person(null);
  await nadia.page.goto(link);
  await expect(nadia.page.getByRole("heading", { level: 1, name: "Votre invitation" })).toBeVisible();
  await looksRight(nadia.page, "invitation");
  await nadia.page.getByRole("button", { name: "Accepter l’invitation" }).click();
  await expect(nadia.page.getByRole("heading", { level: 1, name: "Avec le dehors" })).toBeVisible();
  await nadia.page.goto("/");
  await expect(nadia.page.getByRole("region", { name: "Vos communautés" }).getByRole("listitem")).toHaveCount(
    1,
  );
  await looksRight(nadia.page, "home of somebody from outside");

  const late = await person(null);
  await late.page.goto(link);
  await late.page.getByRole("button", { name: "Accepter l’invitation" }).click();
  await expect(
    late.page.getByRole("heading", { level: 1, name: "Cette invitation ne sert plus" }),
  ).toBeVisible();
  await looksRight(late.page, "a spent invitation");
});

test("a colleague who opens the link signs in first, and it still holds", async ({
  person,
  node,
  mailbox,
  allowed,
}) => {
  allowed.push(/401/);
  const awa = await person(AWA);
  const lucie = await person(LUCIE);
  const slug = await found(awa, lucie, node, "Par le lien");
  const { email } = await ask<{ email: string }>(await person(BRUNO), node, "get", "/me");
  await ask(awa, node, "post", `/communities/${slug}/invitations`, {
    emails: [email],
    role: "member",
    until: null,
  });
  await expect.poll(() => mailbox.link(email, "/invitation#")).toBeTruthy();

  const { page } = await person(null);
  await page.goto(mailbox.link(email, "/invitation#") ?? "");
  await page.getByRole("button", { name: "Accepter l’invitation" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Connectez-vous pour accepter" })).toBeVisible();
  await page.getByRole("button", { name: BRUNO }).click();
  await expect(page.getByText(`Votre compte\u202f: ${BRUNO}.`)).toBeVisible();
  await page.getByRole("button", { name: "Accepter l’invitation" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Par le lien" })).toBeVisible();
});
