/** Who is in a community: invited, let in, given a role, shown out; and what the others see of it meanwhile. */
import { readFileSync } from "node:fs";
import { admit, ask, found, INES, LUCIE, menu, tabTo } from "./communities.ts";
import { looksRight } from "./looks.ts";
import {
  AWA,
  BRUNO,
  CHLOE,
  COMMUNITY,
  DAVID,
  expect,
  goOffline,
  goOnline,
  makeDocument,
  openDocument,
  type Person,
  saved,
  state,
  test,
  text,
} from "./people.ts";

// The browser itself writes the refusals of the server in red, and the network that is away.
test.use({ allowed: [/status of 40[134]|ERR_INTERNET_DISCONNECTED/] });

const row = (person: Person, name: string) => person.page.getByRole("row", { name: new RegExp(name) });

test("twelve addresses pasted: what becomes of each is shown before anything is sent", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const david = await person(DAVID);
  const lucie = await person(LUCIE);
  const slug = await found(awa, lucie, node, "Inviter une liste");
  const { page } = awa;
  const mine = await ask<{ email: string }>(awa, node, "get", "/me");
  const his = await ask<{ email: string }>(david, node, "get", "/me");
  await page.goto(`/c/${slug}/members`);
  const field = page.getByLabel("Adresses e-mail");
  await field.fill(
    [
      `${his.email}; a1@exemple.gouv.fr, a2@exemple.gouv.fr\n`,
      `Nadia Haddad <nadia.haddad@collectif-a11y.example>\n${mine.email}\n`,
      "a3@exemple.gouv.fr\ta4@exemple.gouv.fr\na5@exemple.gouv.fr, a1@exemple.gouv.fr\n",
      "a6@exemple.gouv.fr;a7@exemple.gouv.fr\npas une adresse@",
    ].join(""),
  );
  await expect(page.getByText("Déjà membre, ne recevra rien")).toBeVisible();
  await expect(page.locator('.result[data-result="invalid"]').first()).toBeVisible();
  await expect(page.getByText(/Externe, accès jusqu’au/).first()).toBeVisible();
  await looksRight(page, "members, while inviting");
  const sending = page.getByRole("button", { name: /^Envoyer \d+ invitation/ });
  await expect(sending).not.toHaveAttribute("aria-disabled", "true");
  await sending.click();
  await expect(page.getByRole("status").getByText(/invitations? envoyée/)).toBeVisible();
  // What has to be corrected stays.
  await expect(field).toHaveValue(/adresse@/);

  await page.getByRole("button", { name: "Invitations envoyées" }).click();
  await expect(page.getByRole("button", { name: /^Renvoyer l’invitation/ }).first()).toBeVisible();
  await looksRight(page, "sent invitations");
  const first = page.getByRole("button", { name: "Révoquer l’invitation de a7@exemple.gouv.fr" });
  await first.click();
  await expect(page.getByText("ne vaut plus")).toBeVisible();
  await expect(first).toHaveCount(0);

  // Who was invited finds it on their front page, without a mail.
  await david.page.goto("/");
  await expect(david.page.getByText("Inviter une liste").first()).toBeVisible();
});

test("on a phone the people come first, and the form when it is asked for", async ({ person }) => {
  const awa = await person(AWA, { viewport: { width: 390, height: 844 } });
  const { page } = awa;
  const addresses = page.getByRole("textbox", { name: "Adresses e-mail" });
  const invite = page.getByRole("button", { name: "Inviter" });
  await page.goto(`/c/${COMMUNITY}/members`);
  await expect(page.locator("table.members")).toBeVisible();
  await expect(addresses).toBeHidden();
  await invite.click();
  await expect(invite).toHaveAttribute("aria-expanded", "true");
  await addresses.fill("quelqu.un@exemple.gouv.fr");
  await expect(page.getByRole("heading", { name: "1 adresse" })).toBeVisible();
  await looksRight(page, "invite on a phone");
  await page.goto(`/c/${COMMUNITY}`);
  await page.getByRole("link", { name: "Inviter" }).click();
  await expect(addresses).toBeVisible();
});

test("a role changes by keyboard alone, and changes back", async ({ person, node }) => {
  const awa = await person(AWA);
  const bruno = await person(BRUNO);
  const lucie = await person(LUCIE);
  const slug = await found(awa, lucie, node, "Rôles");
  await admit(awa, bruno, node, slug, "member");
  await bruno.page.goto(`/c/${slug}/docs`);
  await expect(bruno.page.getByRole("button", { name: "Nouveau document" }).first()).toBeVisible();
  const { page } = awa;
  await page.goto(`/c/${slug}/members`);
  const role = page.getByLabel(`Rôle de ${BRUNO}`);
  await expect(role).toHaveValue("member");
  await tabTo(page, role);
  await page.keyboard.press("ArrowDown");
  await expect(role).toHaveValue("reader");
  await expect(page.getByRole("status").getByText(`${BRUNO} : Lit`)).toBeVisible();
  // Live for the one concerned: a reader makes nothing.
  await expect(bruno.page.getByRole("button", { name: "Nouveau document" })).toHaveCount(0);
  await page.getByRole("status").getByRole("button", { name: "Annuler" }).click();
  await expect(role).toHaveValue("member");
  await expect(bruno.page.getByRole("button", { name: "Nouveau document" }).first()).toBeVisible();
});

test("s15_a member who is removed loses the open editor within five seconds and keeps the unsent work", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const bruno = await person(BRUNO);
  const lucie = await person(LUCIE);
  const slug = await found(awa, lucie, node, "Retirer quelqu’un");
  await admit(awa, bruno, node, slug, "member");
  const id = await makeDocument(awa, node, "À quatre mains", slug);
  await openDocument(bruno, id);
  await text(bruno.page).click();
  await bruno.page.keyboard.type("Avant. ");
  await saved(bruno.page);

  await awa.page.goto(`/c/${slug}/members`);
  await awa.page.getByRole("button", { name: `Actions pour ${BRUNO}` }).click();
  await awa.page.getByRole("menuitem", { name: "Retirer de la communauté" }).click();
  const dialog = awa.page.getByRole("dialog", { name: `Retirer ${BRUNO} ?` });
  await expect(dialog).toBeVisible();
  await goOffline(bruno);
  await bruno.page.keyboard.type("Pendant la coupure.");
  await expect(state(bruno.page)).toContainText("gardée");
  await dialog.getByRole("button", { name: "Retirer" }).click();
  await expect(row(awa, BRUNO)).toHaveCount(0);
  await goOnline(bruno);

  const alert = bruno.page.getByRole("alert");
  await expect(alert).toContainText("Ce document ne vous est plus ouvert");
  await expect(text(bruno.page)).toHaveAttribute("contenteditable", "false");
  const [download] = await Promise.all([
    bruno.page.waitForEvent("download"),
    alert.getByRole("button", { name: "Télécharger le texte" }).click(),
  ]);
  expect(readFileSync(await download.path(), "utf8")).toContain("Pendant la coupure.");
  // Nothing of it reached the others.
  await openDocument(awa, id);
  await expect(text(awa.page)).toContainText("Avant.");
  await expect(text(awa.page)).not.toContainText("coupure");
});

test("s15_an open editor closes within five seconds of the removal", async ({ person, node }) => {
  const awa = await person(AWA);
  const bruno = await person(BRUNO);
  const lucie = await person(LUCIE);
  const slug = await found(awa, lucie, node, "Fermer en cinq secondes");
  await admit(awa, bruno, node, slug, "member");
  const id = await makeDocument(awa, node, "Ouvert", slug);
  await openDocument(bruno, id);
  await saved(bruno.page);
  await awa.page.goto(`/c/${slug}/members`);
  await awa.page.getByRole("button", { name: `Actions pour ${BRUNO}` }).click();
  await awa.page.getByRole("menuitem", { name: "Retirer de la communauté" }).click();
  const removed = awa.page.waitForResponse((answer) => answer.request().method() === "DELETE");
  await awa.page.getByRole("dialog").getByRole("button", { name: "Retirer" }).click();
  await removed;
  await expect(text(bruno.page)).toHaveAttribute("contenteditable", "false", { timeout: 5000 });
});

test("asking to join shows at the leader's without reload, and the answer at who asked", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const david = await person(DAVID);
  const lucie = await person(LUCIE);
  const slug = await found(awa, lucie, node, "Sur demande");
  await awa.page.goto(`/c/${slug}/members`);
  await expect(row(awa, AWA)).toBeVisible();
  await david.page.goto(`/c/${slug}`);
  await expect(david.page.getByText("Ce qui s’écrit ici est réservé aux membres")).toBeVisible();
  await looksRight(david.page, "a community from outside");
  await david.page.getByRole("button", { name: "Demander à rejoindre" }).click();
  await david.page.getByLabel(/Quelques mots/).fill("Je refais notre portail.");
  await david.page.getByRole("button", { name: "Envoyer la demande" }).click();
  await expect(david.page.getByRole("button", { name: "Retirer ma demande" })).toBeVisible();

  await expect(awa.page.getByText("Je refais notre portail.")).toBeVisible();
  await looksRight(awa.page, "members, with a request to join");
  await awa.page.getByRole("button", { name: `Accepter ${DAVID}` }).click();
  await expect(row(awa, DAVID)).toBeVisible();
  await expect(menu(david.page).filter({ hasText: "Documents" })).toBeVisible();
  await expect(david.page.getByRole("button", { name: "Retirer ma demande" })).toHaveCount(0);
});

test("the last leader names who comes after, and is out then", async ({ person, node }) => {
  const ines = await person(INES);
  const david = await person(DAVID);
  const lucie = await person(LUCIE);
  const slug = await found(ines, lucie, node, "Passer la main");
  await admit(ines, david, node, slug, "member");
  const { page } = ines;
  await page.goto(`/c/${slug}/settings`);
  await page.getByRole("button", { name: "Quitter", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Quitter", exact: true }).click();
  await expect(dialog.getByText("Désignez la personne qui animera.")).toBeVisible();
  const successor = dialog.getByLabel("Qui anime après vous ?");
  const his = await successor.locator("option", { hasText: DAVID }).getAttribute("value");
  await successor.selectOption(his);
  await dialog.getByRole("button", { name: "Quitter", exact: true }).click();
  await expect(page.getByRole("status").getByText("Vous avez quitté")).toBeVisible();
  await expect(page).toHaveURL(/\/$/);
  await david.page.goto(`/c/${slug}/members`);
  await expect(david.page.getByLabel(`Rôle de ${DAVID}`)).toHaveValue("leader");
  await expect(row(david, INES)).toHaveCount(0);
});

test("somebody from outside is marked, sees their own communities alone, and finds the others nowhere", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const chloe = await person(CHLOE);
  const lucie = await person(LUCIE);
  const slug = await found(awa, lucie, node, "Sans externe", { visibility: "public" });
  await awa.page.goto(`/c/${COMMUNITY}/members`);
  await expect(row(awa, CHLOE).getByText("Externe", { exact: true })).toBeVisible();
  await chloe.page.goto("/communities");
  await expect(
    chloe.page.getByRole("link", { name: "Réseau des chefs de projet numérique" }).first(),
  ).toBeVisible();
  await expect(chloe.page.getByText("Sans externe")).toHaveCount(0);
  await chloe.page.goto(`/c/${slug}`);
  await expect(chloe.page.getByText("Cette communauté n’existe pas")).toBeVisible();
});

test("directories of communities and of people: searched, joined, and right to look at", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const david = await person(DAVID);
  const lucie = await person(LUCIE);
  await found(awa, lucie, node, "Entrée libre", { visibility: "public", joining: "open" });
  await david.page.goto("/communities");
  await david.page.getByRole("searchbox").fill("entrée lib");
  await expect(david.page.getByRole("link", { name: "Entrée libre" })).toBeVisible();
  await looksRight(david.page, "communities");
  await david.page.getByRole("button", { name: "Rejoindre : Entrée libre" }).click();
  await expect(david.page.getByText("vous en êtes membre")).toBeVisible();
  await david.page.goto("/people");
  await david.page.getByRole("searchbox").fill("bruno");
  await expect(david.page.getByText(BRUNO)).toBeVisible();
  await looksRight(david.page, "people");
});
