/** Who else is in a community: seen on its page as it happens, by its members, without disturbing anybody. */
import type { Page } from "@playwright/test";
import { ask, found, INES, LUCIE } from "./communities.ts";
import { looksRight } from "./looks.ts";
import {
  AWA,
  BRUNO,
  CHLOE,
  COMMUNITY,
  DAVID,
  expect,
  makeDocument,
  openDocument,
  spoken,
  test,
  text,
} from "./people.ts";

const card = (page: Page) => page.getByRole("region", { name: "Ici en ce moment" });
const faces = (page: Page) => page.getByRole("group", { name: "Présents en ce moment" });
/** The line of somebody on the card. */
const line = (page: Page, name: string) => card(page).getByRole("listitem").filter({ hasText: name });

test("who comes, writes and goes is shown as it happens, and takes neither focus nor word", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const chloe = await person(CHLOE);
  const id = await makeDocument(awa, node, "Compte rendu du comité", COMMUNITY);
  await awa.page.goto(`/c/${COMMUNITY}`);
  const all = awa.page.getByRole("link", { name: "Tous les documents" });
  await all.focus();
  // Nobody else is here, so nothing is said of it.
  await expect(card(awa.page)).toHaveCount(0);
  await expect(faces(awa.page)).toHaveCount(0);

  await chloe.page.goto(`/c/${COMMUNITY}`);
  await expect(line(awa.page, "Chloé Martin")).toContainText("sur l’accueil");
  await expect(line(awa.page, "Chloé Martin")).toContainText("Externe");
  await expect(faces(awa.page).getByRole("img")).toHaveAccessibleName(/Chloé Martin/);
  await expect(awa.page.getByText("ici en ce moment", { exact: true })).toBeVisible();
  await expect(line(chloe.page, "Awa Diallo")).toContainText("sur l’accueil");
  // One is not among the others.
  await expect(card(chloe.page)).not.toContainText("Chloé");

  await openDocument(chloe, id);
  await expect(line(awa.page, "Chloé Martin")).toContainText(/lit «\s?Compte rendu du comité\s?»/);
  await text(chloe.page).pressSequentially("Présents :");
  await expect(line(awa.page, "Chloé Martin")).toContainText(/écrit dans «\s?Compte rendu du comité\s?»/);
  await expect(all).toBeFocused();
  await looksRight(awa.page, "community with somebody here");
  expect(await spoken(awa.page)).not.toContain("Chloé");

  await chloe.page.goto("/");
  await expect(card(awa.page)).toHaveCount(0);
  await expect(faces(awa.page)).toHaveCount(0);
  await chloe.page.goto(`/c/${COMMUNITY}/members`);
  await expect(line(awa.page, "Chloé Martin")).toContainText("dans les membres");
  await chloe.page.close();
  await expect(card(awa.page)).toHaveCount(0);
});

test("beyond a few people it is said how many there are", async ({ person }) => {
  const awa = await person(AWA);
  await awa.page.goto(`/c/${COMMUNITY}`);
  for (const name of [BRUNO, CHLOE, DAVID, INES, LUCIE]) {
    const other = await person(name);
    await other.page.goto(`/c/${COMMUNITY}`);
    await expect(other.page.getByRole("heading", { level: 1 })).toBeVisible();
  }
  const { page } = awa;
  await expect(card(page).getByRole("listitem")).toHaveCount(5);
  await expect(card(page).locator(".section-head")).toContainText("5 personnes");
  const more = card(page).getByRole("link", { name: "et 1 autre personne" });
  await expect(more).toBeVisible();
  await expect(faces(page).getByRole("img")).toHaveCount(3);
  await expect(faces(page)).toContainText("+2");
  await looksRight(page, "community with many here");
  await more.click();
  await expect(page).toHaveURL(/\/members$/);
});

test("whoever only looks at a community sees nobody and isn't seen, and its page follows", async ({
  person,
  node,
  allowed,
}) => {
  // The page asks for what is not there for him any more.
  allowed.push(/status of 404/);
  const awa = await person(AWA);
  const bruno = await person(BRUNO);
  const lucie = await person(LUCIE);
  const slug = await found(awa, lucie, node, "Vue de tous", { visibility: "public" });
  await awa.page.goto(`/c/${slug}`);
  await bruno.page.goto(`/c/${slug}`);
  await expect(bruno.page.getByRole("heading", { level: 1, name: "Vue de tous" })).toBeVisible();
  // He is known to look by then: the page follows.
  await expect(async () => {
    const name = `Vue de tous ${Date.now()}`;
    await ask(awa, node, "patch", `/communities/${slug}`, { name });
    await expect(bruno.page.getByRole("heading", { level: 1, name })).toBeVisible({ timeout: 3000 });
  }).toPass();
  await makeDocument(awa, node, "Nouveau pour tous", slug);
  await expect(bruno.page.getByRole("link", { name: "Nouveau pour tous" })).toBeVisible();
  await expect(card(bruno.page)).toHaveCount(0);
  await expect(card(awa.page)).toHaveCount(0);
  // It is closed to him, and his page says so.
  await ask(awa, node, "patch", `/communities/${slug}`, { visibility: "secret" });
  await expect(bruno.page.getByRole("heading", { level: 1, name: /Vue de tous/ })).toHaveCount(0);
});
