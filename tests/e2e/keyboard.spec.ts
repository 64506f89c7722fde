import { AWA, COMMUNITY, expect, makeDocument, openDocument, saved, test, text } from "./people.ts";

test("by keyboard alone: skip link, a new document, its title, its text, the toolbar, a table, and home", async ({
  person,
}) => {
  const awa = await person(AWA);
  const { page } = awa;
  await page.goto(`/c/${COMMUNITY}/docs`);
  await expect(page.locator("a.cover").first()).toBeVisible();

  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Aller au contenu" })).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Nouveau document" })).toBeFocused();
  await page.keyboard.press("Enter");

  // A new document opens on its title; Enter goes on to the text.
  const title = page.getByRole("textbox", { name: "Titre du document" });
  await expect(title).toBeFocused();
  await page.keyboard.type("Au clavier");
  await page.keyboard.press("Enter");
  await expect(text(page)).toBeFocused();
  await page.keyboard.type("Une phrase");

  // To the bar and back, one tab stop, arrows inside.
  await page.keyboard.press("Alt+F10");
  await expect(page.getByRole("button", { name: /Style du paragraphe/ })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem", { name: "Texte" })).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("menuitem", { name: "Titre", exact: true })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("#document-text h2")).toHaveText("Une phrase");
  await expect(text(page)).toBeFocused();

  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Alt+F10");
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("button", { name: /^Gras/ })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(text(page)).toBeFocused();

  // A table, its cells, its rows.
  await page.keyboard.press("Alt+F10");
  for (let step = 0; step < 12; step += 1) {
    if (await page.locator('[data-tool="table"]:focus').count()) break;
    await page.keyboard.press("ArrowRight");
  }
  await page.keyboard.press("Enter");
  await expect(page.locator("#document-text tr")).toHaveCount(3);
  await page.keyboard.type("a");
  await page.keyboard.press("Tab");
  await page.keyboard.type("b");
  await expect(page.locator("#document-text th").nth(1)).toHaveText("b");
  await page.keyboard.press("Alt+F10");
  await expect(page.getByRole("button", { name: "Modifier le tableau" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem", { name: "Ligne au-dessus" })).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("menuitem", { name: "Ligne en dessous" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("#document-text tr")).toHaveCount(4);
  await saved(page);
});

test("Tab leaves the text, letters are not shortcuts while typing, and g h goes home", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const { page } = awa;
  const id = await makeDocument(awa, node, "Raccourcis", COMMUNITY);
  await openDocument(awa, id);
  await text(page).click();
  await page.keyboard.type("gh?");
  await expect(text(page)).toHaveText("gh?");
  await page.keyboard.press("Tab");
  await expect(text(page)).not.toBeFocused();
  await expect(text(page)).toHaveText("gh?");

  await page.locator("#content").focus();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Raccourcis clavier" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await expect(page.getByRole("heading", { level: 1, name: "Bonjour Awa" })).toBeVisible();
  await expect(page.locator("#content")).toBeFocused();
});

test("a link is set and taken away from a dialog that gives the focus back", async ({ person, node }) => {
  const awa = await person(AWA);
  const { page } = awa;
  const id = await makeDocument(awa, node, "Liens", COMMUNITY);
  await openDocument(awa, id);
  await text(page).click();
  await page.keyboard.type("voir le guide");
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("exemple.fr");
  await page.keyboard.press("Enter");
  const link = page.locator('#document-text a[href="https://exemple.fr"]');
  await expect(link).toHaveText("voir le guide");
  await expect(text(page)).toBeFocused();
  await page.keyboard.press("Control+k");
  await page.getByRole("button", { name: "Retirer le lien" }).click();
  await expect(link).toHaveCount(0);
});

test("a slash lists the blocks, what follows narrows the list, and Enter makes one", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const { page } = awa;
  const id = await makeDocument(awa, node, "Blocs", COMMUNITY);
  await openDocument(awa, id);
  await text(page).click();
  await page.keyboard.type("/tache");
  const option = page.getByRole("option", { name: "Liste de tâches" });
  await expect(option).toHaveAttribute("aria-selected", "true");
  await expect(text(page)).toHaveAttribute("aria-activedescendant", (await option.getAttribute("id")) ?? "");
  await page.keyboard.press("Enter");
  await page.keyboard.type("Relire");
  await expect(page.getByRole("checkbox", { name: "Tâche : Relire" })).toBeVisible();
  await expect(page.getByRole("listbox")).toHaveCount(0);
  await expect(text(page)).not.toContainText("/tache");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.keyboard.type("/");
  await expect(page.getByRole("listbox", { name: "Blocs" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("listbox")).toHaveCount(0);
  await saved(page);
});

test("a document is renamed from the list, and the focus comes back to its button", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const { page } = awa;
  await makeDocument(awa, node, "À renommer", COMMUNITY);
  await page.goto(`/c/${COMMUNITY}/docs`);
  await page.getByRole("button", { name: "Actions sur « À renommer »" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Renommer" }).press("Enter");
  await expect(page.getByRole("textbox", { name: "Titre du document" })).toBeFocused();
  await page.keyboard.type("Renommé");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("link", { name: "Renommé" })).toBeVisible();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Actions sur « Renommé »" })).toBeFocused();
});
