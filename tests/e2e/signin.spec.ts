import type { Browser, Page } from "@playwright/test";
import { looksRight } from "./looks.ts";
import type { Mailbox } from "./mailbox.ts";
import { test } from "./mailed.ts";
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
  text,
} from "./people.ts";

const AWA_ADDRESS = "awa.diallo@exemple.gouv.fr";

/** Asks for a link on the page that is open, and waits for the letter. */
async function linkFor(page: Page, mailbox: Mailbox): Promise<string> {
  const before = mailbox.letters.length;
  await page.getByLabel("Votre adresse e-mail").fill(AWA_ADDRESS);
  await page.getByRole("button", { name: "Recevoir un lien" }).click();
  await expect(page.getByText("Regardez votre messagerie")).toBeVisible();
  await expect.poll(() => mailbox.letters.length).toBeGreaterThan(before);
  const link = mailbox.link(AWA_ADDRESS, "/sign-in/link#");
  if (!link) throw new Error("no link in the letter");
  return link;
}

/** Opens an address as a mail scanner does: scripts run, nothing is pressed. */
async function scan(browser: Browser, address: string): Promise<void> {
  const context = await browser.newContext({ locale: "fr-FR" });
  const page = await context.newPage();
  await page.goto(address);
  await expect(page.getByRole("button", { name: "Se connecter" })).toBeVisible();
  await context.close();
}

test("each way a sign-in may fail ends on a page that says what happened and what to do", async ({
  person,
}) => {
  const { page } = await person(null);
  const told = {
    "provider-refused": "La connexion a été interrompue",
    "provider-down": "Le fournisseur d’identité ne répond pas",
    "state-unknown": "Cette tentative a expiré",
    "token-invalid": "La réponse reçue n’est pas valable",
    "not-allowed": "Ce compte est suspendu",
    "no-account": "Vous n’avez pas encore de compte ici",
    "email-unverified": "Votre adresse n’est pas confirmée",
    "merge-sent": "Un message vous attend",
    "too-often": "Trop de connexions viennent de ce réseau",
    "of-a-later-version": "La connexion n’a pas abouti",
  };
  for (const [code, title] of Object.entries(told)) {
    await page.goto(`/sign-in?error=${code}&ref=7F3A-19`);
    const note = page.getByRole("alert").filter({ hasText: title });
    await expect(note, code).toBeVisible();
    if (code !== "merge-sent") await expect(note).toContainText("7F3A-19");
    await expect(page).toHaveTitle(/Connexion impossible/);
  }
  await looksRight(page, "sign-in with an error");
});

test("a link by e-mail signs in once, by a press and not by being opened", async ({
  person,
  browser,
  mailbox,
  node,
  allowed,
}) => {
  // The browser itself notes an answer that refuses.
  allowed.push(/410/);
  const visitor = await person(null);
  const { page } = visitor;
  const wanted = await makeDocument(await person(AWA), node, "Demandé avant", COMMUNITY);
  await page.goto(`/d/${wanted}`);
  // An address with a slip is caught before it goes.
  await page.getByLabel("Votre adresse e-mail").fill("awa.diallo");
  await page.getByRole("button", { name: "Recevoir un lien" }).click();
  await expect(page.getByText(/Cette adresse n’est pas complète/)).toBeVisible();
  await expect(page.getByLabel("Votre adresse e-mail")).toBeFocused();

  const link = await linkFor(page, mailbox);
  await scan(browser, link);
  await page.goto(link);
  await looksRight(page, "link");
  await page.getByRole("button", { name: "Se connecter" }).click();
  // The page that was asked for at first.
  await expect(page.getByRole("textbox", { name: "Titre du document" })).toHaveValue("Demandé avant");

  const late = await person(null);
  await late.page.goto(link);
  await late.page.getByRole("button", { name: "Se connecter" }).click();
  await expect(late.page.getByRole("heading", { level: 1, name: "Ce lien ne sert plus" })).toBeVisible();
  await looksRight(late.page, "a spent link");
});

test("an address that nobody has gets the same answer, and no letter", async ({ person, mailbox }) => {
  const { page } = await person(null);
  const before = mailbox.letters.length;
  await page.goto("/");
  await page.getByLabel("Votre adresse e-mail").fill("nobody@demo.example");
  await page.keyboard.press("Enter");
  const answer = page.getByText("Regardez votre messagerie");
  await expect(answer).toBeVisible();
  await expect(page.locator(".note.ok")).toBeFocused();
  // A letter to somebody who is there comes after it, and is the only one.
  await page.getByRole("button", { name: "Utiliser une autre adresse" }).click();
  await linkFor(page, mailbox);
  expect(mailbox.letters.slice(before).map((letter) => letter.to)).toEqual([AWA_ADDRESS]);
});

test("who has to sign in again over the editor may do so by a link, in another tab", async ({
  person,
  node,
  mailbox,
  allowed,
}) => {
  // The network is cut and the login is gone: what was asked meanwhile is refused, and the browser notes it.
  allowed.push(/ERR_INTERNET_DISCONNECTED/, /401/, /Authentication failed/);
  const awa = await person(AWA);
  const id = await makeDocument(awa, node, "Par-dessus", COMMUNITY);
  await openDocument(awa, id);
  await saved(awa.page);
  await goOffline(awa);
  await text(awa.page).click();
  await awa.page.keyboard.type("Gardé ici.");
  await awa.context.clearCookies();
  await goOnline(awa);
  const dialog = awa.page.getByRole("dialog", { name: "Reconnectez-vous pour continuer" });
  await expect(dialog).toBeVisible({ timeout: 20_000 });
  const link = await linkFor(awa.page, mailbox);

  const other = await awa.context.newPage();
  await other.goto(link);
  await other.getByRole("button", { name: "Se connecter" }).click();
  await expect(other.getByRole("heading", { level: 1, name: "Connexion réussie" })).toBeVisible();
  // The first tab hears of it by itself.
  await expect(dialog).toHaveCount(0);
  await saved(awa.page);
  const bruno = await person(BRUNO);
  await openDocument(bruno, id);
  await expect(text(bruno.page)).toContainText("Gardé ici.");
});
