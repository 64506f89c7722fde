/** Signing in and out at a real identity provider, in a browser: there, over the editor, and not at all. */
import type { Page } from "@playwright/test";
import { IdentityProvider } from "../people/kit/provider.mjs";
import { Node } from "./node.ts";
import {
  test as base,
  expect,
  goOffline,
  goOnline,
  makeDocument,
  openDocument,
  saved,
  text,
} from "./people.ts";

const test = base.extend<object, { atProvider: { one: IdentityProvider | null }; node: Node }>({
  // biome-ignore lint/correctness/noEmptyPattern: the shape the runner asks for
  atProvider: [async ({}, use) => use({ one: null }), { scope: "worker" }],
  node: [
    async ({ atProvider }, use) => {
      const node = await Node.start(async (url) => {
        const provider = await IdentityProvider.start({ sitePort: Number(new URL(url).port) });
        provider.people.set("nina", {
          name: "Nina Roux",
          email: "nina.roux@exemple.gouv.fr",
          email_verified: true,
        });
        atProvider.one = provider;
        return {
          UNISSON_PUBLIC_URL: url,
          UNISSON_OIDC_ISSUER: provider.issuer,
          UNISSON_OIDC_CLIENT_ID: provider.clientId,
          UNISSON_OIDC_CLIENT_SECRET: provider.clientSecret,
          UNISSON_OIDC_NAME: "Identifiant agent",
          UNISSON_OIDC_AGENT_DOMAINS: "exemple.gouv.fr",
        };
      });
      await use(node);
      await node.stop();
      await atProvider.one?.down();
    },
    { scope: "worker" },
  ],
});

// The provider's pages are another site's, and want things from elsewhere that are not here.
test.use({
  allowed: [/foreign request|ERR_NAME_NOT_RESOLVED|ERR_INTERNET_DISCONNECTED|status of 40[14]|WebSocket/],
});

const way = (page: Page) => page.getByRole("link", { name: "Se connecter avec Identifiant agent" });

/** What a person does on the provider's pages. */
async function atTheProvider(page: Page): Promise<void> {
  await page.locator('[name="login"]').fill("nina");
  await page.locator('[name="password"]').fill("a word");
  await page.locator('[type="submit"]').click();
  // Once more, to let the site know who they are.
  await page.locator('form:not(:has([name="login"])) [type="submit"]').click();
}

test("who signs in at the provider comes back to where they were going, and signing out ends it there too", async ({
  person,
  atProvider,
}) => {
  const { page } = await person(null);
  await page.goto("/communities");
  await way(page).click();
  await atTheProvider(page);
  await expect(page.getByRole("heading", { level: 1, name: "Communautés" })).toBeVisible();
  await expect(page).toHaveURL(/\/communities$/);

  await page.getByRole("button", { name: /profil et réglages/ }).click();
  await page.getByRole("menuitem", { name: "Se déconnecter" }).click();
  const provider = atProvider.one?.issuer ?? "";
  await expect(page).toHaveURL((url) => url.href.startsWith(`${provider}/session/end`));
  await page.getByRole("button", { name: /sign me out/i }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Travailler ensemble");
});

test("who turns back at the provider reads what happened, and may start again", async ({ person }) => {
  const { page } = await person(null);
  await page.goto("/");
  await way(page).click();
  await page.getByRole("link", { name: /cancel/i }).click();
  await expect(page.getByRole("alert").filter({ hasText: "La connexion a été interrompue" })).toBeVisible();
  await expect(way(page)).toBeVisible();
});

test("over the editor the provider opens beside it, and what was typed meanwhile is sent", async ({
  person,
  node,
}) => {
  const nina = await person(null);
  await nina.page.goto("/");
  await way(nina.page).click();
  await atTheProvider(nina.page);
  await expect(nina.page.getByRole("heading", { level: 1, name: "Bonjour Nina" })).toBeVisible();
  const id = await makeDocument(nina, node, "Chez le fournisseur", null);
  await openDocument(nina, id);
  await saved(nina.page);
  await goOffline(nina);
  await text(nina.page).click();
  await nina.page.keyboard.type("Gardé ici.");
  await nina.context.clearCookies({ name: "unisson_login" });
  await goOnline(nina);
  const dialog = nina.page.getByRole("dialog", { name: "Reconnectez-vous pour continuer" });
  await expect(dialog).toBeVisible({ timeout: 20_000 });

  // The provider still knows who it is.
  const opened = nina.context.waitForEvent("page");
  await way(nina.page).click();
  const beside = await opened;
  await expect(beside.getByRole("heading", { level: 1, name: "Connexion réussie" })).toBeVisible();
  await expect(dialog).toHaveCount(0);
  await saved(nina.page);
  await nina.page.reload();
  await expect(text(nina.page)).toContainText("Gardé ici.");
});
