/** What a community's menu is made of: put together by its leader, live for everybody, nothing lost. */
import { admit, ask, found, INES, LUCIE, menu, tabTo } from "./communities.ts";
import { looksRight } from "./looks.ts";
import { AWA, BRUNO, expect, makeDocument, spoken, test } from "./people.ts";

test("a leader reorders by keyboard alone, and everybody's menu follows", async ({ person, node }) => {
  const awa = await person(AWA);
  const bruno = await person(BRUNO);
  const lucie = await person(LUCIE);
  const slug = await found(awa, lucie, node, "Ordre du menu");
  await admit(awa, bruno, node, slug, "member");
  await bruno.page.goto(`/c/${slug}`);
  await expect(menu(bruno.page)).toHaveText([
    "Accueil",
    "Documents",
    "Wiki",
    "Articles",
    "Membres",
    "Réglages",
  ]);

  const { page } = awa;
  await page.goto(`/c/${slug}/settings`);
  await looksRight(page, "settings");
  const up = page.getByRole("button", { name: "Monter Articles" });
  await expect(up).toBeVisible();
  await tabTo(page, up);
  await page.keyboard.press("Enter");
  await expect(menu(page)).toHaveText([/Accueil/, /Documents/, /Articles/, /Wiki/, /Membres/, /Réglages/]);
  // The focus stays on what was pressed, so that it can be pressed again.
  await expect(up).toBeFocused();
  await page.keyboard.press("Enter");
  await expect.poll(() => spoken(page)).toContain("place 1 sur 3");
  await expect(menu(bruno.page)).toHaveText([
    "Accueil",
    "Articles",
    "Documents",
    "Wiki",
    "Membres",
    "Réglages",
  ]);
});

test("what is removed is hidden for all and comes back with all that was in it", async ({ person, node }) => {
  const awa = await person(AWA);
  const bruno = await person(BRUNO);
  const lucie = await person(LUCIE);
  const slug = await found(awa, lucie, node, "Rien ne se perd");
  await admit(awa, bruno, node, slug, "member");
  await ask(awa, node, "post", "/documents", {
    title: "Ce que nous savons",
    community: slug,
    feature: "wiki",
  });
  await bruno.page.goto(`/c/${slug}/wiki`);
  await expect(bruno.page.getByRole("link", { name: "Ce que nous savons" })).toBeVisible();

  await awa.page.goto(`/c/${slug}/settings`);
  await awa.page.getByRole("button", { name: "Retirer Wiki du menu" }).click();
  await expect(menu(bruno.page)).toHaveText(["Accueil", "Documents", "Articles", "Membres", "Réglages"]);
  await expect(bruno.page.getByText("Ce qui y a été écrit n’est pas effacé")).toBeVisible();
  await awa.page.getByRole("status").getByRole("button", { name: "Annuler" }).click();
  await expect(menu(bruno.page)).toHaveText([
    "Accueil",
    "Documents",
    "Wiki",
    "Articles",
    "Membres",
    "Réglages",
  ]);

  await awa.page.getByRole("button", { name: "Retirer Wiki du menu" }).click();
  const add = awa.page.getByRole("button", { name: "Ajouter Wiki au menu" });
  await expect(add).toBeFocused();
  await awa.page.keyboard.press("Enter");
  await expect(menu(bruno.page)).toHaveText([
    "Accueil",
    "Documents",
    "Articles",
    "Wiki",
    "Membres",
    "Réglages",
  ]);
  await expect(bruno.page.getByRole("link", { name: "Ce que nous savons" })).toBeVisible();
});

test("an entry is pulled to its place", async ({ person, node }) => {
  const awa = await person(AWA);
  const lucie = await person(LUCIE);
  const slug = await found(awa, lucie, node, "Tirer pour déplacer");
  const { page } = awa;
  await page.goto(`/c/${slug}/settings`);
  const grip = (feature: string) => page.locator(`[data-feature="${feature}"] .grip`);
  // Waits until the page has come to rest, which a measure of it doesn't.
  await grip("posts").hover();
  await page.mouse.down();
  const to = await grip("documents").boundingBox();
  if (!to) throw new Error("nowhere to pull to");
  await page.mouse.move(to.x + to.width / 2, to.y + 2, { steps: 8 });
  await page.mouse.up();
  await expect(menu(page)).toHaveText(["Accueil", "Articles", "Documents", "Wiki", "Membres", "Réglages"]);
  await page.reload();
  await expect(menu(page)).toHaveText(["Accueil", "Articles", "Documents", "Wiki", "Membres", "Réglages"]);
});

test("each list has its own pages, made and opened there", async ({ person, node }) => {
  const ines = await person(INES);
  const lucie = await person(LUCIE);
  const slug = await found(ines, lucie, node, "Listes", { features: ["documents", "wiki", "posts", "faq"] });
  await makeDocument(ines, node, "Dans les documents", slug);
  for (const [path, create] of [
    ["wiki", "Nouvelle page"],
    ["posts", "Nouvel article"],
    ["faq", "Nouvelle question"],
  ] as const) {
    await ines.page.goto(`/c/${slug}/${path}`);
    await expect(ines.page.locator("h1")).toBeVisible();
    await expect(ines.page.getByRole("link", { name: "Dans les documents" })).toHaveCount(0);
    await looksRight(ines.page, path);
    await ines.page.getByRole("button", { name: create }).first().click();
    await expect(ines.page).toHaveURL(/\/d\//);
    await expect(ines.page.getByRole("textbox", { name: "Titre du document" })).toBeFocused();
    await ines.page.keyboard.type(`Une ${path}`);
    await ines.page.keyboard.press("Enter");
    await ines.page.goto(`/c/${slug}/${path}`);
    await expect(ines.page.getByRole("link", { name: `Une ${path}` })).toBeVisible();
  }
});
