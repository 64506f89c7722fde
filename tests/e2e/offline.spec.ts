import { readFile } from "node:fs/promises";
import {
  AWA,
  BRUNO,
  COMMUNITY,
  expect,
  goOffline,
  goOnline,
  makeDocument,
  openDocument,
  saved,
  state,
  test,
  text,
  words,
} from "./people.ts";

// The browser writes in red every connection that a cut network refuses.
test.use({ allowed: [/ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED|WebSocket connection/] });

test("a tunnel: typing goes on, is counted, survives a closed tab, and merges on return", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const bruno = await person(BRUNO);
  const id = await makeDocument(awa, node, "Tunnel", COMMUNITY);
  await openDocument(awa, id);
  await text(awa.page).click();
  await awa.page.keyboard.type("Avant. ");
  await saved(awa.page);
  await awa.page.evaluate(() => navigator.serviceWorker.ready);
  await openDocument(bruno, id);
  await expect(text(bruno.page)).toContainText("Avant.");

  await goOffline(awa);
  await awa.page.keyboard.type("Dans le tunnel.");
  await expect(state(awa.page)).toHaveText(/Hors connexion.: 15.modifications gardées sur cet appareil/u);

  // The tab is closed and opened again, still without a network.
  await awa.page.close();
  awa.page = await awa.context.newPage();
  await awa.page.goto(`/d/${id}`);
  await expect(text(awa.page)).toContainText("Avant. Dans le tunnel.");
  await expect(state(awa.page)).toHaveText(/15.modifications/u);
  await expect(awa.page.getByRole("textbox", { name: "Titre du document" })).toHaveValue("Tunnel");
  await text(awa.page).click();
  await awa.page.keyboard.press("Control+End");
  await awa.page.keyboard.type("!!");
  await expect(state(awa.page)).toHaveText(/17.modifications/u);

  // Meanwhile the other writes in the same paragraph.
  await text(bruno.page).click();
  await bruno.page.keyboard.press("Control+Home");
  await bruno.page.keyboard.type("Bruno : ");
  await saved(bruno.page);

  await goOnline(awa);
  await saved(awa.page);
  await expect.poll(() => words(bruno.page)).toBe("Bruno : Avant. Dans le tunnel.!!");
  await expect.poll(() => words(awa.page)).toBe("Bruno : Avant. Dans le tunnel.!!");
  await expect(state(awa.page)).toHaveText("Enregistré");

  // What was counted is forgotten.
  await awa.page.reload();
  await saved(awa.page);
  await goOffline(awa);
  await expect(state(awa.page)).toHaveText("Hors connexion");
});

test("leaving warns about nothing once it is on the device", async ({ person, node }) => {
  const awa = await person(AWA);
  const id = await makeDocument(awa, node, "Départ", COMMUNITY);
  await openDocument(awa, id);
  await saved(awa.page);
  await goOffline(awa);
  await text(awa.page).click();
  await awa.page.keyboard.type("gardé");
  await expect(state(awa.page)).toHaveText(/5.modifications/u);
  let asked = false;
  awa.page.on("dialog", (dialog) => {
    asked = true;
    void dialog.accept();
  });
  const closed = awa.page.waitForEvent("close");
  await awa.page.close({ runBeforeUnload: true });
  await closed;
  expect(asked).toBe(false);
});

test("lists and documents already opened are there without a network, and the rest says why not", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const id = await makeDocument(awa, node, "Déjà ouvert", COMMUNITY);
  const never = await makeDocument(awa, node, "Jamais ouvert", COMMUNITY);
  await openDocument(awa, id);
  await saved(awa.page);
  await awa.page.goto("/docs");
  await expect(awa.page.getByRole("link", { name: "Déjà ouvert" })).toBeVisible();
  await awa.page.evaluate(() => navigator.serviceWorker.ready);
  await awa.page.reload();
  await expect(awa.page.getByRole("link", { name: "Déjà ouvert" })).toBeVisible();
  await goOffline(awa);
  await awa.page.reload();
  // A browser that reloads a page without a network may call itself online all the same.
  await expect(awa.page.getByText(/Vous êtes hors connexion\.|Le service ne répond pas\./)).toBeVisible();
  await expect(
    awa.page.getByRole("listitem").filter({ has: awa.page.getByText("Jamais ouvert", { exact: true }) }),
  ).toContainText("disponible en ligne seulement");
  await awa.page.getByRole("link", { name: "Déjà ouvert" }).click();
  await text(awa.page).click();
  await awa.page.keyboard.type("abc");
  await expect(state(awa.page)).toHaveText(/3.modifications/u);
  await awa.page.goto("/docs");
  await expect(awa.page.getByRole("listitem").filter({ hasText: "Déjà ouvert" })).toContainText(
    "3 modifications gardées sur cet appareil",
  );
  await awa.page.goto(`/d/${never}`);
  await expect(awa.page.getByText("n’a jamais été ouvert sur cet appareil")).toBeVisible();
});

test.describe("where nothing was kept for it", () => {
  test.use({ allowed: [/ERR_INTERNET_DISCONNECTED|WebSocket connection|\bUnreachable\b/] });

  test("a page whose code is not here says that it needs the network, and comes back with it", async ({
    person,
  }) => {
    const awa = await person(AWA, { serviceWorkers: "block" });
    const { page } = awa;
    await page.goto("/");
    await expect(page.locator("a.cover").first()).toBeVisible();
    await goOffline(awa);
    await page.getByRole("link", { name: "Annuaire" }).first().click();
    await expect(page.getByText("Il faut le réseau pour cette page.")).toBeVisible();
    await expect(page.getByRole("link", { name: "Accueil", exact: true })).toBeVisible();
    await goOnline(awa);
    await expect(page.getByRole("heading", { level: 1, name: "Communautés" })).toBeVisible();
  });
});

test("work of a version that was replaced is offered for download before it is cleared", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const id = await makeDocument(awa, node, "Version remplacée", COMMUNITY);
  await openDocument(awa, id);
  await saved(awa.page);
  await goOffline(awa);
  await text(awa.page).click();
  await awa.page.keyboard.type("resté");
  await expect(state(awa.page)).toHaveText(/5.modifications/u);

  // The same copy under the name of another lineage: what a device is left with when a document is replaced.
  await awa.page.evaluate(async (document) => {
    const done = <Result>(request: IDBRequest<Result>) =>
      new Promise<Result>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const name = (await indexedDB.databases())
      .map((one) => one.name ?? "")
      .find((one) => one.endsWith(`/${document}`));
    const from = await done(indexedDB.open(name ?? ""));
    const updates = await done(from.transaction("updates").objectStore("updates").getAll());
    from.close();
    const opening = indexedDB.open(`${name}@0`);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore("updates", { autoIncrement: true });
      opening.result.createObjectStore("custom");
    };
    const to = await done(opening);
    const transaction = to.transaction(["updates", "custom"], "readwrite");
    for (const update of updates) transaction.objectStore("updates").add(update);
    transaction.objectStore("custom").put(3, "unsent");
    await new Promise((resolve) => {
      transaction.oncomplete = resolve;
    });
    to.close();
  }, id);
  await goOnline(awa);
  await awa.page.reload();
  await expect(awa.page.getByText("3 modifications n’ont pas pu rejoindre ce document.")).toBeVisible();
  const downloading = awa.page.waitForEvent("download");
  await awa.page.getByRole("button", { name: "Télécharger le texte" }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe("Version remplacée.txt");
  expect(await readFile(await download.path(), "utf8")).toBe("resté\n");
  await awa.page.getByRole("button", { name: "Effacer de cet appareil" }).click();
  await expect(awa.page.getByText("n’ont pas pu rejoindre")).toHaveCount(0);
  const left = await awa.page.evaluate(async () => (await indexedDB.databases()).map((one) => one.name));
  expect(left.some((name) => name?.endsWith("@0"))).toBe(false);
});

test.describe("a login that ran out", () => {
  // What was being asked when the network went is said in red as well.
  test.use({ allowed: [/status of 401|WebSocket|ERR_INTERNET_DISCONNECTED/] });

  test("signing in again happens over the editor, and what was typed is sent", async ({ person, node }) => {
    const awa = await person(AWA);
    const bruno = await person(BRUNO);
    const id = await makeDocument(awa, node, "Session", COMMUNITY);
    await openDocument(awa, id);
    await saved(awa.page);
    await goOffline(awa);
    await text(awa.page).click();
    await awa.page.keyboard.type("Tapé sans session.");
    await awa.context.clearCookies();
    await goOnline(awa);

    const dialog = awa.page.getByRole("dialog", { name: "Reconnectez-vous pour continuer" });
    await expect(dialog).toBeVisible({ timeout: 20_000 });
    await expect(text(awa.page)).toContainText("Tapé sans session.");
    await expect(state(awa.page)).toHaveText(/Non enregistré.: session expirée/u);
    // Put off: writing goes on, and a line above the page leads back.
    await dialog.getByRole("button", { name: "Plus tard" }).click();
    await text(awa.page).click();
    await awa.page.keyboard.press("Control+End");
    await awa.page.keyboard.type(" Et plus tard.");
    await awa.page.getByRole("button", { name: "Se reconnecter" }).click();
    await dialog.getByRole("button", { name: AWA }).click();
    await expect(dialog).toHaveCount(0);
    await saved(awa.page);
    await openDocument(bruno, id);
    await expect(text(bruno.page)).toContainText("Tapé sans session. Et plus tard.");
  });
});
