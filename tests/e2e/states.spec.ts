/** What a page shows when its answer is late, fails, is refused, is empty, or can't be asked for: designed, and free of faults. */
import type { Page, Route } from "@playwright/test";
import { LUCIE } from "./communities.ts";
import { fits, hasNoFault } from "./looks.ts";
import { AWA, COMMUNITY, expect, goOffline, goOnline, makeDocument, test } from "./people.ts";

const LANGUAGES = [
  { locale: "fr-FR", retry: "Réessayer", colorScheme: "light", width: 390 },
  { locale: "en-GB", retry: "Try again", colorScheme: "dark", width: 1440 },
] as const;

/** A page, the question it asks, and what is there once it is answered. */
type Asked = readonly [address: string, question: RegExp, shown: string];

const C = `/c/${COMMUNITY}`;
const PLACE = new RegExp(`/api/v1/communities/${COMMUNITY}$`);
const DOCUMENTS = /\/api\/v1\/documents\?/;

const OWN: readonly Asked[] = [
  ["/", DOCUMENTS, "a.cover"],
  ["/docs", DOCUMENTS, "a.cover"],
  [`${C}/docs`, DOCUMENTS, "a.cover"],
  [C, PLACE, ".comm-head"],
  [`${C}/wiki`, PLACE, ".card.empty"],
  [`${C}/members`, /\/api\/v1\/communities\/[^/]+\/members(\?|$)/, "table.members"],
  [`${C}/settings`, PLACE, "h1"],
  ["/communities", /\/api\/v1\/communities(\?|$)/, "a.cover"],
  ["/people", /\/api\/v1\/people(\?|$)/, ".people-grid li"],
  ["/profile/sessions", /\/api\/v1\/me\/logins$/, ".badge.ok"],
];

const ADMIN: readonly Asked[] = [
  ["/admin", /\/v1\/admin\/overview$/, ".figure"],
  ["/admin/requests", /\/v1\/admin\/requests(\?|$)/, ".card.empty, .pick"],
  ["/admin/people", /\/v1\/admin\/people(\?|$)/, "table"],
  ["/admin/communities", /\/v1\/admin\/communities(\?|$)/, ".row"],
  ["/admin/audit", /\/v1\/admin\/audit(\?|$)/, "table"],
  ["/admin/instance", /\/v1\/admin\/instance$/, "form"],
];

const refuse = (status: number, code: string) => (route: Route) =>
  route.fulfill({
    status,
    contentType: "application/problem+json",
    body: JSON.stringify({
      type: `urn:unisson:problem:${code}`,
      code,
      title: code,
      status,
      request_id: "01AB",
    }),
  });

/** Held back until told; then answered as `answer` does. */
async function hold(
  page: Page,
  question: RegExp,
  answer: (route: Route) => Promise<void>,
): Promise<() => void> {
  let release = () => {};
  const held = new Promise<void>((go) => {
    release = go;
  });
  await page.route(question, async (route) => {
    await held;
    await answer(route).catch(() => {});
  });
  return release;
}

test.use({ allowed: [/status of (403|404|500|50[234])|ERR_(INTERNET_DISCONNECTED|FAILED)|WebSocket/] });

async function lateThenBroken(page: Page, pages: readonly Asked[], retry: string): Promise<void> {
  for (const [address, question, shown] of pages) {
    const release = await hold(page, question, refuse(500, "internal"));
    await page.goto(address);
    await expect(page.locator("main [role=status][aria-label]").first(), address).toBeVisible();
    await expect(page.locator("h1"), address).toHaveCount(1);
    release();
    const alert = page
      .locator("main")
      .getByRole("alert")
      .filter({ has: page.locator("button") })
      .first();
    await expect(alert, address).toBeVisible();
    await expect(alert, address).toContainText("01AB");
    await hasNoFault(page, `${address} broken`);
    await fits(page, `${address} broken`);
    await page.unroute(question);
    await alert.getByRole("button", { name: retry }).click();
    await expect(page.locator("main").locator(shown).first(), address).toBeVisible();
    await expect(
      page
        .locator("main")
        .getByRole("alert")
        .filter({ has: page.locator("button") }),
    ).toHaveCount(0);
  }
}

for (const { locale, retry, colorScheme, width } of LANGUAGES) {
  test(`late, then broken, then well again: every page, ${locale}`, async ({ person }) => {
    const viewport = { width, height: 844 };
    const awa = await person(AWA, { locale, colorScheme, viewport });
    await lateThenBroken(awa.page, OWN, retry);
    await awa.context.close();
    const lucie = await person(LUCIE, { locale, colorScheme, viewport });
    await lateThenBroken(lucie.page, ADMIN, retry);
  });

  test(`gone, closed, empty: ${locale}`, async ({ person }) => {
    const awa = await person(AWA, { locale, colorScheme, viewport: { width, height: 844 } });
    const { page } = awa;
    const somewhere = "/d/00000000-0000-7000-8000-000000000000";
    for (const [address, question] of [
      [C, PLACE],
      [`${C}/members`, PLACE],
      [`${C}/posts`, PLACE],
      [somewhere, /\/api\/v1\/documents\/0/],
      ["/requests/00000000-0000-7000-8000-000000000000", /\/api\/v1\/requests\/0/],
    ] as const) {
      for (const status of [403, 404]) {
        await page.route(question, refuse(status, "refused"));
        await page.goto(address);
        const card = page.locator("main .card.empty");
        await expect(card, `${address} ${status}`).toBeVisible();
        // Nothing to try again: a way on, where there is one.
        await expect(card.getByRole("button", { name: retry })).toHaveCount(0);
        await hasNoFault(page, `${address} ${status}`);
        await page.unroute(question);
      }
    }
    // Nobody, nothing, nowhere: a sentence, and where something can be done about it, the way to do it.
    const nothing = {
      contentType: "application/json",
      body: JSON.stringify({ items: [], next_cursor: null }),
    };
    for (const [address, question, action] of [
      ["/docs", DOCUMENTS, false],
      [`${C}/docs`, DOCUMENTS, true],
      ["/communities", /\/api\/v1\/communities(\?|$)/, false],
      ["/people", /\/api\/v1\/people(\?|$)/, false],
    ] as const) {
      await page.route(question, (route) => route.fulfill(nothing));
      await page.goto(address);
      const card = page.locator("main .card.empty");
      await expect(card, address).toContainText(/\w{4,}/);
      if (action) await expect(card.locator("a, button").first(), address).toBeVisible();
      await hasNoFault(page, `${address} empty`);
      await page.unroute(question);
    }
  });
}

test("without a network each page shows what was kept, or says that it needs one, and comes back by itself", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const { page } = awa;
  const id = await makeDocument(awa, node, "Gardé pour la route", COMMUNITY);
  await page.goto("/");
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  const kept = ["/", "/docs", C, `${C}/docs`, `/d/${id}`];
  for (const address of kept) {
    await page.goto(address);
    await expect(page.locator("a.cover, #document-text").first(), address).toBeVisible();
  }
  await expect(page.locator("[data-state]")).toHaveAttribute("data-state", "saved");
  await goOffline(awa);
  for (const address of kept) {
    await page.goto(address);
    await expect(page.locator("a.cover, #document-text").first(), address).toBeVisible();
    await expect(page.locator("main"), address).toContainText(/hors connexion|ne répond pas/i);
    await hasNoFault(page, `${address} offline`);
  }
  for (const address of ["/people", "/communities", `${C}/members`, "/profile/sessions"]) {
    await page.goto(address);
    await expect(page.locator("main"), address).toContainText("Il faut le réseau", { timeout: 30_000 });
    await hasNoFault(page, `${address} offline`);
  }
  await goOnline(awa);
  await expect(page.locator("main .badge.ok")).toBeVisible({ timeout: 20_000 });
});
