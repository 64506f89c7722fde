import type { Page } from "@playwright/test";
import { looksRight } from "./looks.ts";
import type { Node } from "./node.ts";
import { AWA, BRUNO, CHLOE, expect, type Person, test } from "./people.ts";

const LUCIE = "Lucie Perrin";

type Asked = { id: string; revision: number };

/** What the administrator decides, by the interface of the server. */
async function decide(
  lucie: Person,
  node: Node,
  id: string,
  decision: string,
  reason: string,
): Promise<void> {
  const one = await lucie.context.request.get(`${node.url}/api/v1/admin/requests/${id}`);
  expect(one.status()).toBe(200);
  const { revision } = (await one.json()) as Asked;
  const answer = await lucie.context.request.post(`${node.url}/api/v1/admin/requests/${id}/decision`, {
    data: { revision, decision, reason },
  });
  expect(answer.status()).toBe(200);
}

const idOfOpen = (page: Page): string => new URL(page.url()).pathname.split("/").at(-1) ?? "";

/** Presses Tab until something that fits has the focus: what a keyboard alone can reach. */
async function tabTo(page: Page, wanted: ReturnType<Page["locator"]>): Promise<void> {
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    if (await wanted.evaluate((node) => node === document.activeElement)) return;
  }
  throw new Error("the keyboard does not get there");
}

const name = (page: Page) => page.getByLabel("Nom", { exact: true });
const purpose = (page: Page) => page.getByLabel(/À quoi servira-t-elle/);
const send = (page: Page) => page.getByRole("button", { name: "Envoyer la demande" });

async function fillIn(page: Page, called: string): Promise<void> {
  await page.goto("/request");
  await name(page).fill(called);
  await purpose(page).fill("Préparer ensemble la feuille de route de l’an prochain.");
}

test("the form is filled in by keyboard alone, kept as a draft, and handed in", async ({ person }) => {
  const { page } = await person(AWA);
  await page.goto("/");
  await page.getByRole("link", { name: "Demander une communauté" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Demander une communauté" })).toBeVisible();

  // Handed in too early: a summary takes the focus, and leads to each field.
  await tabTo(page, send(page));
  await page.keyboard.press("Enter");
  const summary = page.getByRole("alert").filter({ hasText: "2 champs à revoir" });
  await expect(summary).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(name(page)).toBeFocused();
  await expect(name(page)).toHaveAttribute("aria-invalid", "true");

  await page.keyboard.type("Chefs de projet numériques du Gard");
  await expect(page.getByRole("link", { name: /Réseau des chefs de projet numérique/ })).toBeVisible();
  await tabTo(page, purpose(page));
  await page.keyboard.type("Préparer ensemble la feuille de route de l’an prochain.");
  await expect(summary).toHaveCount(0);
  await tabTo(page, page.getByRole("radio", { name: /^Réseau/ }));
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("radio", { name: /^Projet/ })).toBeChecked();
  // The model brings what it mostly needs.
  await expect(page.getByRole("checkbox", { name: "Wiki" })).toBeChecked();
  await tabTo(page, page.getByLabel(/Avec qui l’animerez-vous/));
  await page.keyboard.type("brun");
  const option = page.getByRole("option", { name: /Bruno Lefèvre/ });
  await expect(option).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Retirer Bruno Lefèvre" })).toBeVisible();
  await expect(page.getByText("Brouillon enregistré")).toBeVisible();
  await looksRight(page, "request");

  // What was written is on the account.
  await page.reload();
  await expect(name(page)).toHaveValue("Chefs de projet numériques du Gard");
  await expect(page.getByRole("radio", { name: /^Projet/ })).toBeChecked();
  await expect(page.getByRole("button", { name: "Retirer Bruno Lefèvre" })).toBeVisible();
  await tabTo(page, send(page));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main").getByText("Votre demande est bien arrivée")).toBeVisible();
  await expect(page).toHaveURL(/\/requests\//);
  await looksRight(page, "a request that was received");

  await page.goto("/");
  await expect(page.getByRole("link", { name: "Chefs de projet numériques du Gard" })).toBeVisible();
});

test("what is decided elsewhere changes the page that is open, and the community is gone to", async ({
  person,
  node,
}) => {
  const bruno = await person(BRUNO);
  const lucie = await person(LUCIE);
  const { page } = bruno;
  await fillIn(page, "Bornes de recharge");
  await send(page).click();
  await expect(page.getByRole("main").getByText("Votre demande est bien arrivée")).toBeVisible();
  const id = idOfOpen(page);

  await decide(lucie, node, id, "changes", "De quelles bornes s’agit-il ?");
  await expect(page.getByRole("main").getByText("Une précision vous est demandée")).toBeVisible({ timeout: 10_000 });
  await expect(page.locator(".reason")).toContainText("De quelles bornes s’agit-il ?");
  await looksRight(page, "a request that was sent back");
  await purpose(page).fill("Tenir ensemble l’inventaire des bornes de recharge des préfectures.");
  await page.getByRole("button", { name: "Envoyer à nouveau" }).click();
  await expect(page.getByRole("main").getByText("Votre demande est bien arrivée")).toBeVisible();

  await decide(lucie, node, id, "accept", "");
  await expect(page.getByRole("heading", { level: 1, name: "Bornes de recharge" })).toBeVisible({
    timeout: 10_000,
  });
  await expect(page).toHaveURL(/\/c\//);
});

test("a refusal says why, and to whom a request belongs is nobody else’s business", async ({
  person,
  node,
  allowed,
}) => {
  allowed.push(/404/);
  const awa = await person(AWA);
  const lucie = await person(LUCIE);
  await fillIn(awa.page, "Anciens du concours");
  await send(awa.page).click();
  await expect(awa.page.getByText("Votre demande est bien arrivée")).toBeVisible();
  const id = idOfOpen(awa.page);
  await decide(lucie, node, id, "refuse", "Une communauté sert au travail.");
  await expect(awa.page.getByText("La demande n’a pas été retenue")).toBeVisible({ timeout: 10_000 });
  await expect(awa.page.locator(".reason")).toContainText("Une communauté sert au travail.");
  await looksRight(awa.page, "a request that was refused");

  const bruno = await person(BRUNO);
  await bruno.page.goto(`/requests/${id}`);
  await expect(bruno.page.getByText(/n’est pas la vôtre/)).toBeVisible();
});

test("a draft that was thrown away comes back by one press", async ({ person }) => {
  const { page } = await person("David Nguyen");
  await fillIn(page, "Brouillon à jeter");
  await expect(page.getByText("Brouillon enregistré")).toBeVisible();
  await page.goto("/");
  await page.getByRole("link", { name: "Brouillon à jeter" }).click();
  await expect(name(page)).toHaveValue("Brouillon à jeter");
  await page.getByRole("button", { name: "Jeter le brouillon" }).click();
  await expect(page.getByText("Brouillon jeté")).toBeVisible();
  await expect(page.getByRole("link", { name: "Brouillon à jeter" })).toHaveCount(0);
  await page.getByRole("button", { name: "Annuler" }).click();
  await expect(name(page)).toHaveValue("Brouillon à jeter");
  await expect(purpose(page)).toHaveValue(/feuille de route/);
});

test("somebody from outside is told whom to ask", async ({ person }) => {
  const { page } = await person(CHLOE);
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1, name: "Bonjour Chloé" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Demander une communauté" })).toHaveCount(0);
  await page.goto("/request");
  await expect(page.getByText(/Les communautés sont demandées par les agents/)).toBeVisible();
  await looksRight(page, "request, for somebody from outside");
});
