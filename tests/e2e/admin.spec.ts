/** Running the instance: requests decided once, people, communities entered with a reason, the log, settings. */
import { ask, handIn, INES, LUCIE, tabTo } from "./communities.ts";
import { looksRight } from "./looks.ts";
import { AWA, BRUNO, DAVID, expect, idOf, test } from "./people.ts";

test.use({ allowed: [/status of 40[1349]/] });

test("a request comes in by itself, is read and decided by keyboard alone", async ({ person, node }) => {
  const awa = await person(AWA);
  const lucie = await person(LUCIE);
  const { page } = lucie;
  // What waits since the demonstration was laid is answered first.
  const { items } = await ask<{ items: { id: string }[] }>(lucie, node, "get", "/admin/requests?state=open");
  for (const { id } of items) {
    const { revision } = await ask<{ revision: number }>(lucie, node, "get", `/admin/requests/${id}`);
    const answer = { revision, decision: "refuse", reason: "Une communauté y suffit déjà." };
    await ask(lucie, node, "post", `/admin/requests/${id}/decision`, answer);
  }
  await page.goto("/admin/requests");
  await expect(page.getByText("Rien à traiter")).toBeVisible();
  await looksRight(page, "an empty queue");
  await handIn(awa, node, "Une demande toute fraîche");
  const pick = page.getByRole("link", { name: /Une demande toute fraîche/ });
  await expect(pick).toBeVisible({ timeout: 5000 });
  await tabTo(page, pick);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/admin\/requests\//);
  await expect(page.getByRole("heading", { name: "Une demande toute fraîche" })).toBeVisible();
  await looksRight(page, "a request");

  // Refusing needs words.
  const refuse = page.getByRole("button", { name: "Refuser" });
  await tabTo(page, refuse);
  await page.keyboard.press("Enter");
  await expect(page.getByLabel(/Votre mot/)).toBeFocused();
  await expect(page.getByText("Dites pourquoi")).toBeVisible();
  await page.keyboard.type("Elle existe déjà sous un autre nom.");
  await tabTo(page, refuse);
  await page.keyboard.press("Enter");
  await expect(page.getByText("Demande refusée", { exact: false }).first()).toBeVisible();
  await page.getByRole("link", { name: "Closes" }).click();
  await expect(page.getByRole("link", { name: /Une demande toute fraîche/ })).toBeVisible();
});

test("two who decide at once make one decision, and the other sees whose it was", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const lucie = await person(LUCIE);
  const bruno = await person(BRUNO);
  await ask(lucie, node, "patch", `/admin/people/${await idOf(node, BRUNO)}`, { role: "administrator" });
  const { id } = await handIn(awa, node, "À deux mains");
  for (const { page } of [lucie, bruno]) {
    await page.goto(`/admin/requests/${id}`);
    await expect(page.getByRole("button", { name: "Accepter et ouvrir" })).toBeVisible();
  }
  // Both press; one of the two is on the way a little longer.
  let arrive = () => {};
  const held = new Promise<void>((go) => {
    arrive = go;
  });
  await bruno.page.route("**/decision", async (route) => {
    await held;
    await route.continue();
  });
  await bruno.page.getByLabel(/Votre mot/).fill("Pas maintenant.");
  await bruno.page.getByRole("button", { name: "Refuser" }).click();
  await lucie.page.getByRole("button", { name: "Accepter et ouvrir" }).click();
  await expect(lucie.page.getByText("Demande acceptée")).toBeVisible();
  arrive();
  await expect(bruno.page.getByText("Lucie Perrin vient de traiter cette demande")).toBeVisible();
  await expect(bruno.page.getByText("Demande acceptée")).toBeVisible();
  await expect(bruno.page.getByText("par Lucie Perrin")).toBeVisible();
  await ask(lucie, node, "patch", `/admin/people/${await idOf(node, BRUNO)}`, { role: "agent" });
});

test("somebody who is suspended is out on every page, and back when reinstated", async ({ person, node }) => {
  const lucie = await person(LUCIE);
  const david = await person(DAVID);
  await david.page.goto("/");
  await expect(david.page.getByRole("heading", { level: 1 })).toContainText("Bonjour");
  const { page } = lucie;
  await page.goto("/admin/people");
  await page.getByRole("searchbox").fill("david");
  await expect(page.getByRole("row", { name: new RegExp(DAVID) })).toBeVisible();
  await looksRight(page, "people of the instance");
  await page.getByRole("button", { name: `Actions pour ${DAVID}` }).click();
  await page.getByRole("menuitem", { name: "Suspendre le compte" }).click();
  await expect(page.getByText("Suspendu", { exact: true })).toBeVisible();
  await expect
    .poll(async () => (await david.context.request.get(`${node.url}/api/v1/me`)).status(), { timeout: 5000 })
    .toBe(401);
  await page.getByRole("status").getByRole("button", { name: "Annuler" }).click();
  await expect(page.getByText("Suspendu", { exact: true })).toHaveCount(0);
});

test("a private community is entered with a reason that its page shows and the log keeps", async ({
  person,
}) => {
  const lucie = await person(LUCIE);
  const ines = await person(INES);
  const slug = "sobriete-energetique";
  await ines.page.goto(`/c/${slug}`);
  await expect(ines.page.locator("h1")).toContainText("Sobriété");
  const { page } = lucie;
  await page.goto("/admin/communities");
  await page.getByRole("searchbox").fill("sobriété");
  await page.getByRole("button", { name: /^Actions sur « Sobriété/ }).click();
  await page.getByRole("menuitem", { name: "Entrer avec un motif" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Entrer et prévenir" }).click();
  await expect(dialog.getByText("Dites pourquoi vous entrez")).toBeVisible();
  await dialog.getByLabel(/Motif/).fill("Vérifier un signalement.");
  await dialog.getByRole("button", { name: "Entrer et prévenir" }).click();
  await expect(page).toHaveURL(new RegExp(`/c/${slug}`));
  await expect(page.getByText("Motif : Vérifier un signalement.")).toBeVisible();
  await expect(ines.page.getByText("Motif : Vérifier un signalement.")).toBeVisible();
  await looksRight(ines.page, "a community an administrator looks into");

  await page.goto("/admin/audit");
  await expect(page.getByRole("row").filter({ hasText: "Sobriété" }).first()).toBeVisible();
  await looksRight(page, "the log");
});

test("each number of the overview leads to its list; the instance is set", async ({ person }) => {
  const lucie = await person(LUCIE);
  const { page } = lucie;
  await page.goto("/admin");
  await expect(page.locator(".figure").first()).toBeVisible();
  await looksRight(page, "overview");
  const many = await page.locator(".figure").count();
  for (let at = 0; at < many; at += 1) {
    await page.goto("/admin");
    await page.locator(".figure").nth(at).click();
    await expect(page).not.toHaveURL(/\/admin$/);
    await expect(page.getByRole("alert")).toHaveCount(0);
    await expect(page.locator("h1")).toBeVisible();
  }
  await page.goto("/admin/communities");
  await expect(page.locator(".row").first()).toBeVisible();
  await looksRight(page, "communities of the instance");
  await page.goto("/admin/instance");
  await page.getByLabel("Nom de l’instance").fill("Une instance d’essai");
  await looksRight(page, "settings of the instance");
  await page.getByRole("button", { name: "Enregistrer" }).click();
  await expect(page.getByRole("status").getByText("Réglages enregistrés")).toBeVisible();
  await page.getByRole("status").getByRole("button", { name: "Annuler" }).click();

  await page.getByLabel("Adresse d’aide").fill("aide");
  await page.getByLabel("Mentions légales").fill("javascript:alert(1)");
  await page.getByRole("button", { name: "Enregistrer" }).click();
  await expect(page.getByText("Donnez une adresse e-mail")).toBeVisible();
  await expect(page.getByText("Donnez l’adresse complète de la page")).toBeVisible();
  await expect(page.getByLabel("Adresse d’aide")).toBeFocused();
  await looksRight(page, "settings of the instance, refused");
  await page.getByLabel("Adresse d’aide").fill("aide@example.org");
  await page.getByLabel("Mentions légales").fill("https://example.org/mentions");
  await page.getByRole("button", { name: "Enregistrer" }).click();
  await expect(page.getByRole("status").getByText("Réglages enregistrés")).toBeVisible();
  await page.goto("/about");
  const notice = page.getByRole("contentinfo").getByRole("link", { name: "Mentions légales" });
  await expect(notice).toHaveAttribute("href", "https://example.org/mentions");
  await expect(page.getByRole("link", { name: "aide@example.org" })).toBeVisible();
  await looksRight(page, "about, with help and a legal notice");
});

test("who doesn't run the instance is told so", async ({ person }) => {
  const awa = await person(AWA);
  await awa.page.goto("/admin/people");
  await expect(awa.page.getByText("réservée aux personnes qui administrent")).toBeVisible();
});

test("a search that looks like a number is a search, and stands in the address", async ({ person }) => {
  const lucie = await person(LUCIE);
  const { page } = lucie;
  await page.goto("/admin/people");
  await page.getByRole("searchbox").fill("2026");
  await expect(page.getByText("Personne ne répond à « 2026 »")).toBeVisible();
  await page.reload();
  await expect(page.getByRole("searchbox")).toHaveValue("2026");
  await page.goto("/admin/people?q=2026");
  await expect(page.getByRole("searchbox")).toHaveValue("2026");
});
