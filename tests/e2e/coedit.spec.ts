import {
  AWA,
  BRUNO,
  CHLOE,
  COMMUNITY,
  DAVID,
  expect,
  makeDocument,
  openDocument,
  saved,
  spoken,
  state,
  test,
  text,
  words,
} from "./people.ts";

test("two people write one page: words, names, carets, and undo of one's own", async ({ person, node }) => {
  const awa = await person(AWA);
  const bruno = await person(BRUNO);
  const id = await makeDocument(awa, node, "À deux", COMMUNITY);
  await openDocument(awa, id);
  await openDocument(bruno, id);

  await text(awa.page).click();
  await awa.page.keyboard.type("Bonjour de la part d’Awa.");
  await expect(text(bruno.page)).toContainText("Bonjour de la part d’Awa.");

  await text(bruno.page).click();
  await bruno.page.keyboard.press("Control+End");
  await bruno.page.keyboard.press("Enter");
  await bruno.page.keyboard.type("Et de Bruno.");
  await expect(text(awa.page)).toContainText("Et de Bruno.");

  // His name stands at his caret while he types, and his face in the header.
  await expect(awa.page.locator(".caret", { hasText: BRUNO })).toBeAttached();
  await expect(awa.page.getByRole("img", { name: BRUNO })).toBeVisible();
  await expect(bruno.page.getByRole("img", { name: AWA })).toBeVisible();

  // What was typed in one go is one step; a slow machine makes several of it.
  await text(awa.page).click();
  await expect(async () => {
    await awa.page.keyboard.press("Control+z");
    expect(await words(awa.page)).toBe("Et de Bruno.");
  }).toPass();
  await expect(text(awa.page)).toContainText("Et de Bruno.");
  await expect(text(bruno.page)).not.toContainText("Bonjour de la part");
  await saved(awa.page);

  // Who leaves is gone from the header.
  await bruno.context.close();
  await expect(awa.page.getByRole("img", { name: BRUNO })).toHaveCount(0);
});

test("arrivals are announced politely, and can be muted", async ({ person, node }) => {
  const awa = await person(AWA);
  const bruno = await person(BRUNO);
  const id = await makeDocument(awa, node, "Annonces", COMMUNITY);
  // He stands at the door, so that he comes in at once after her.
  await bruno.page.goto("/docs");
  await expect(bruno.page.getByRole("link", { name: "Annonces" })).toBeVisible();
  await openDocument(awa, id);
  await saved(awa.page);
  await bruno.page.getByRole("link", { name: "Annonces" }).click();
  await expect(text(bruno.page)).toBeVisible();
  await expect.poll(() => spoken(awa.page)).toContain(`${BRUNO} est dans le document`);

  await awa.page.getByRole("button", { name: "Plus d’actions" }).click();
  await awa.page.getByRole("menuitem", { name: "Taire les annonces" }).click();
  await awa.page.getByRole("button", { name: "Plus d’actions" }).click();
  await expect(awa.page.getByRole("menuitem", { name: "Annoncer qui arrive" })).toBeVisible();
});

test("a title changed by one is changed for the other, in the page and in the lists", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const bruno = await person(BRUNO);
  const id = await makeDocument(awa, node, "Ancien titre", COMMUNITY);
  await openDocument(awa, id);
  await openDocument(bruno, id);
  await saved(bruno.page);

  await awa.page.getByRole("textbox", { name: "Titre du document" }).fill("Nouveau titre");
  await awa.page.keyboard.press("Enter");
  await expect(text(awa.page)).toBeFocused();
  await expect(bruno.page.getByRole("textbox", { name: "Titre du document" })).toHaveValue("Nouveau titre");
  await expect(bruno.page).toHaveTitle("Nouveau titre – Unisson");
  await bruno.page.goto(`/c/${COMMUNITY}/docs`);
  await expect(bruno.page.getByRole("link", { name: "Nouveau titre" })).toBeVisible();
});

test.describe("a killed server", () => {
  // The browser itself writes in red every connection that nobody answers.
  test.use({ allowed: [/ERR_CONNECTION_REFUSED|WebSocket connection/] });

  test("saved, killed, started again: the text is there", async ({ person, node }) => {
    const awa = await person(AWA);
    const id = await makeDocument(awa, node, "Coupure", COMMUNITY);
    await openDocument(awa, id);
    await text(awa.page).click();
    await awa.page.keyboard.type("Écrit juste avant la coupure.");
    await saved(awa.page);
    await node.kill();
    await expect(state(awa.page)).toHaveAttribute("data-state", "offline");
    await node.start();

    // Somebody who has nothing of it on their device.
    const bruno = await person(BRUNO);
    await openDocument(bruno, id);
    await expect(text(bruno.page)).toContainText("Écrit juste avant la coupure.");
    await saved(awa.page);
  });
});

test("a document one may only read says so, and can't be written", async ({ person, node }) => {
  const david = await person(DAVID);
  const listed = await david.context.request.get(`${node.url}/api/v1/documents?limit=50`);
  const { items } = (await listed.json()) as { items: { id: string; access: string }[] };
  const readable = items.find((one) => one.access === "read");
  expect(readable, "a document of the demo that David may only read").toBeDefined();
  await openDocument(david, readable?.id ?? "");
  await expect(state(david.page)).toHaveText("Lecture seule");
  await expect(text(david.page)).toHaveAttribute("contenteditable", "false");
  await expect(david.page.getByRole("toolbar")).toHaveCount(0);
  await expect(david.page.getByRole("textbox", { name: "Titre du document" })).toHaveCount(0);
  const before = await text(david.page).innerText();
  await text(david.page).click();
  await david.page.keyboard.type("x");
  expect(await text(david.page).innerText()).toBe(before);
});

test.describe("closed doors", () => {
  // The browser itself writes the refusal of the server in red.
  test.use({ allowed: [/status of 40[34]/] });

  test("an outsider does not learn that a private document exists", async ({ person, node }) => {
    const awa = await person(AWA);
    const chloe = await person(CHLOE);
    const id = await makeDocument(awa, node, "Rien que pour moi", null);
    await chloe.page.goto(`/d/${id}`);
    await expect(chloe.page.getByText("Ce document n’existe pas")).toBeVisible();
    await chloe.page.goto("/nulle-part");
    await expect(chloe.page.getByText("Aucune page n’a cette adresse.")).toBeVisible();
  });
});
