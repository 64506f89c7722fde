import type { Page } from "@playwright/test";
import { LUCIE } from "./communities.ts";
import { hasNoFault, looksRight, THEMES } from "./looks.ts";
import { AWA, BRUNO, COMMUNITY, expect, makeDocument, type Person, saved, test, text } from "./people.ts";

async function fill(page: Page): Promise<void> {
  await text(page).click();
  await page.keyboard.type("Un mot ");
  await page.keyboard.press("Control+b");
  await page.keyboard.type("gras");
  await page.keyboard.press("Control+b");
  await page.keyboard.press("Enter");
  await page.keyboard.type("- un point");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.keyboard.type("[ ] une tâche");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.keyboard.type("anticonstitutionnellement".repeat(6));
  await page.keyboard.press("Enter");
  await page.locator('[data-tool="table"]').click();
  await expect(page.locator("#document-text table")).toBeVisible();
  for (const heading of ["Étape", "Pilote", "Échéance"]) {
    await page.keyboard.type(heading);
    await page.keyboard.press("Tab");
  }
}

// The other language, and every other address: routes.spec.ts.
test("the pages of every day, light and dark, at 390 and 1440 px: axe, title, no sideways scroll", async ({
  person,
  node,
}) => {
  const visitor = await person(null);
  await visitor.page.goto("/");
  await expect(visitor.page.getByRole("button", { name: AWA })).toBeVisible();
  await looksRight(visitor.page, "landing");

  const awa: Person = await person(AWA);
  const id = await makeDocument(awa, node, "Une page de tous les jours", COMMUNITY);
  for (const [address, shown] of [
    ["/", "a.cover"],
    ["/docs", "a.cover"],
    [`/c/${COMMUNITY}`, ".person"],
    [`/c/${COMMUNITY}/docs`, "a.cover"],
    ["/nowhere", ".empty"],
  ] as const) {
    await awa.page.goto(address);
    await expect(awa.page.locator(shown).first()).toBeVisible();
    await expect(awa.page).toHaveTitle(/ – Unisson$/);
    await looksRight(awa.page, address);
  }
  await awa.page.goto(`/d/${id}`);
  await expect(text(awa.page)).toBeVisible();
  await fill(awa.page);
  await looksRight(awa.page, "document");
});

test("what floats over a page: menus, dialogs and the sheet of a phone, by axe, in both themes", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const { page } = awa;
  const id = await makeDocument(awa, node, "Ce qui flotte", COMMUNITY);
  await page.goto(`/d/${id}`);
  await expect(text(page)).toBeVisible();
  const help = page.getByRole("dialog", { name: "Raccourcis clavier" });
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 1440, height: 844 });
    for (const button of ["Plus d’actions", /profil et réglages/, /Style du paragraphe/]) {
      await page.getByRole("button", { name: button }).click();
      await expect(page.getByRole("menu")).toBeVisible();
      await hasNoFault(page, `menu ${button} ${colorScheme}`);
      await page.keyboard.press("Escape");
      await expect(page.getByRole("button", { name: button })).toBeFocused();
      await expect(page.getByRole("menu")).toHaveCount(0);
    }
    await page.getByRole("button", { name: "Plus d’actions" }).click();
    await page.getByRole("menuitem", { name: "Raccourcis clavier" }).click();
    await expect(help).toBeVisible();
    await hasNoFault(page, `dialog ${colorScheme}`);
    // Tab stays inside, and the page behind is out of reach.
    for (let step = 0; step < 3; step += 1) await page.keyboard.press("Tab");
    await expect(text(page)).not.toBeFocused();
    await page.keyboard.press("Escape");
    await expect(help).toHaveCount(0);
    await expect(page.getByRole("button", { name: "Plus d’actions" })).toBeFocused();
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/docs");
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme });
    await page.getByRole("button", { name: /ouvrir le menu/ }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await hasNoFault(page, `sheet ${colorScheme}`);
    // A press beside it closes it.
    await page.mouse.click(195, 20);
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await page.getByRole("button", { name: "Moi" }).click();
    const menu = page.getByRole("menu");
    await expect(menu).toHaveAttribute("data-sheet");
    expect(await menu.evaluate((shown) => Math.round(shown.getBoundingClientRect().width))).toBe(390);
    await hasNoFault(page, `menu as a sheet ${colorScheme}`);
    // A press beside it closes it, and presses nothing under it.
    await page.mouse.click(195, 20);
    await expect(menu).toHaveCount(0);
    await expect(page.getByRole("dialog")).toHaveCount(0);
  }
});

test("a community that one only looks at is named above its page on a phone", async ({ person }) => {
  const { page } = await person(BRUNO, { viewport: { width: 390, height: 844 } });
  await page.goto("/communities");
  await page.getByRole("link", { name: "Sobriété énergétique" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /Sobriété énergétique/ })).toBeVisible();
  await expect(page.locator(".topbar .where")).toContainText("Sobriété énergétique");
});

test("of parts that don't fit in a phone's width, the one that is open is in sight", async ({ person }) => {
  const { page } = await person(LUCIE, { viewport: { width: 390, height: 844 } });
  await page.goto("/admin/communities?filter=archived");
  const open = page.getByRole("button", { name: "Archivées" });
  await expect(open).toHaveAttribute("aria-current", "page");
  await expect(open).toBeInViewport({ ratio: 0.95 });
});

test("in a low window, as with strong zoom, nothing sticks over the text", async ({ person, node }) => {
  const awa = await person(AWA, { viewport: { width: 320, height: 256 } });
  const { page } = awa;
  const id = await makeDocument(awa, node, "Une page agrandie quatre fois", COMMUNITY);
  for (const [address, bar] of [
    [`/d/${id}`, ".doc-head"],
    ["/docs", ".topbar"],
  ] as const) {
    await page.goto(address);
    await expect(page.locator(bar)).toHaveCSS("position", "static");
  }
});

test("without colours of its own, a page still shows what is chosen", async ({ person }) => {
  const { page } = await person(AWA);
  await page.emulateMedia({ forcedColors: "active" });
  await page.goto("/request");
  const chosen = page.getByRole("radio", { checked: true }).first();
  await expect(chosen).toBeVisible();
  expect(await chosen.evaluate((radio) => getComputedStyle(radio, "::after").borderTopWidth)).toBe("4px");
});

test("the language is switched by hand, and stays", async ({ person }) => {
  const visitor = await person(null, { locale: "fr-FR" });
  await visitor.page.goto("/");
  await visitor.page.getByRole("button", { name: "English" }).click();
  await expect(visitor.page.getByRole("heading", { level: 1 })).toContainText("Work together");
  await expect(visitor.page.locator("html")).toHaveAttribute("lang", "en");
  await visitor.page.reload();
  await expect(visitor.page.getByRole("heading", { level: 1 })).toContainText("Work together");
  await visitor.page.getByRole("button", { name: AWA }).click();
  await expect(visitor.page.getByRole("heading", { level: 1, name: "Hello Awa" })).toBeVisible();
  await visitor.page.getByRole("button", { name: /profile and settings/ }).click();
  await visitor.page.getByRole("menuitemradio", { name: "Français" }).click();
  await expect(visitor.page.getByRole("heading", { level: 1, name: "Bonjour Awa" })).toBeVisible();
  await expect(visitor.page.locator("html")).toHaveAttribute("lang", "fr");
});

test("a link to a document survives the sign-in, and signing out ends it", async ({ person, node }) => {
  const awa = await person(AWA);
  const id = await makeDocument(awa, node, "Lien profond", COMMUNITY);
  const visitor = await person(null);
  await visitor.page.goto(`/d/${id}`);
  await visitor.page.getByRole("button", { name: AWA }).click();
  await expect(visitor.page.getByRole("textbox", { name: "Titre du document" })).toHaveValue("Lien profond");
  await saved(visitor.page);
  await visitor.page.getByRole("button", { name: /profil et réglages/ }).click();
  await visitor.page.getByRole("menuitem", { name: "Se déconnecter" }).click();
  await expect(visitor.page.getByRole("heading", { level: 1 })).toContainText("Travailler ensemble");
  // Nothing that was read stays on the device.
  const left = await visitor.page.evaluate(async () => ({
    databases: (await indexedDB.databases())
      .map((one) => one.name ?? "")
      .filter((name) => name.includes("/0")),
    kept: Object.keys(localStorage).filter((key) => key.startsWith("unisson.kept")),
  }));
  expect(left).toEqual({ databases: [], kept: [] });
});

test("a chosen theme holds over the system's, and stays", async ({ person }) => {
  const awa = await person(AWA, { colorScheme: "light" });
  await awa.page.goto("/");
  await awa.page.getByRole("button", { name: /profil et réglages/ }).click();
  await awa.page.getByRole("menuitemradio", { name: "Sombre" }).click();
  await expect(awa.page.locator("html")).toHaveAttribute("data-theme", "dark");
  await awa.page.reload();
  await expect(awa.page.locator("html")).toHaveAttribute("data-theme", "dark");
});
