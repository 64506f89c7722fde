/** One community from its request to its first farewell, by keyboard alone. */
import { ask, LUCIE, menu, tabTo } from "./communities.ts";
import { AWA, DAVID, expect, spoken, test } from "./people.ts";

test("requested, decided, composed, joined and left by keyboard alone, with what was done taken back", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const lucie = await person(LUCIE);
  const david = await person(DAVID);
  const name = "Au clavier seul";
  const { email } = await ask<{ email: string }>(david, node, "get", "/me");
  const press = (key: string) => awa.page.keyboard.press(key);
  const { page } = awa;

  // Asked for.
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1, name: "Bonjour Awa" })).toBeVisible();
  await tabTo(page, page.getByRole("link", { name: "Demander une communauté" }));
  await press("Enter");
  await tabTo(page, page.getByLabel("Nom", { exact: true }));
  await page.keyboard.type(name);
  await tabTo(page, page.getByLabel(/À quoi servira-t-elle/));
  await page.keyboard.type("Travailler sans souris.");
  await tabTo(page, page.getByRole("button", { name: "Envoyer la demande" }));
  await press("Enter");
  await expect(page).toHaveURL(/\/requests\//);

  // Decided.
  await lucie.page.goto("/admin/requests");
  const pick = lucie.page.getByRole("link", { name: new RegExp(name) });
  await expect(pick).toBeVisible();
  await tabTo(lucie.page, pick);
  await lucie.page.keyboard.press("Enter");
  const accept = lucie.page.getByRole("button", { name: "Accepter et ouvrir" });
  await expect(accept).toBeVisible();
  await tabTo(lucie.page, accept);
  await lucie.page.keyboard.press("Enter");
  await expect(lucie.page.getByText("Demande acceptée")).toBeVisible();

  // The page that waited leads there by itself; then composed.
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  await tabTo(page, page.getByRole("link", { name: "Réglages" }));
  await press("Enter");
  const before = await menu(page).allTextContents();
  const down = page.getByRole("button", { name: "Descendre Documents" });
  await expect(down).toBeVisible();
  await tabTo(page, down);
  await press("Enter");
  await expect(menu(page).nth(2)).toHaveText("Documents");
  await expect(down).toBeFocused();
  await tabTo(page, page.getByRole("button", { name: "Retirer Documents du menu" }));
  await press("Enter");
  await expect(menu(page).filter({ hasText: "Documents" })).toHaveCount(0);
  await expect(
    page.getByRole("status").getByText("Documents : retiré du menu", { exact: false }),
  ).toBeVisible();
  await press("Control+z");
  await expect(menu(page)).toHaveCount(before.length);

  // Somebody is invited, and comes.
  await tabTo(page, menu(page).filter({ hasText: "Membres" }));
  await press("Enter");
  const addresses = page.getByRole("textbox", { name: "Adresses e-mail" });
  await expect(addresses).toBeVisible();
  await tabTo(page, addresses);
  await page.keyboard.type(email);
  const sending = page.getByRole("button", { name: "Envoyer 1 invitation" });
  await expect(sending).toBeVisible();
  await tabTo(page, sending);
  await press("Enter");
  await david.page.goto("/");
  const decline = david.page.getByRole("button", { name: `Décliner l’invitation dans ${name}` });
  const join = david.page.getByRole("button", { name: `Accepter l’invitation dans ${name}` });
  await expect(decline).toBeVisible();
  // A press too far is taken back; nobody was told.
  await tabTo(david.page, decline);
  await david.page.keyboard.press("Enter");
  await expect(decline).toHaveCount(0);
  await david.page.keyboard.press("Control+z");
  await expect(david.page.getByText("attend toujours votre réponse")).toBeVisible();
  await tabTo(david.page, join);
  await david.page.keyboard.press("Enter");
  await expect(david.page.getByText(/Bienvenue dans/)).toBeVisible();

  // And is shown out; the dialog says what it takes to come back, and the message offers it.
  const actions = page.getByRole("button", { name: `Actions pour ${DAVID}` });
  await expect(actions).toBeVisible({ timeout: 10_000 });
  await tabTo(page, actions);
  await press("Enter");
  await expect(page.getByRole("menu")).toBeVisible();
  await press("ArrowDown");
  await press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("nouvelle invitation");
  await expect(dialog.getByRole("button", { name: "Garder" })).toBeFocused();
  await press("Tab");
  await press("Enter");
  await expect(page.getByRole("status").getByText(`${DAVID} n’est plus membre`)).toBeVisible();
  await expect(page.locator("#h-everybody")).toBeFocused();
  await expect(actions).toHaveCount(0);
  await tabTo(page, page.getByRole("button", { name: "Inviter à nouveau" }));
  await press("Enter");
  await expect(
    page.getByRole("status").getByText("Nouvelle invitation envoyée", { exact: false }),
  ).toBeVisible();
  expect(await spoken(page)).toContain("retiré du menu");
});
