/** Every address, in both languages, on a phone and a wide screen: axe, one heading, title, language, and no word in red. */
import type { Page } from "@playwright/test";
import english from "../../web-client/src/i18n/locales/en.json" with { type: "json" };
import french from "../../web-client/src/i18n/locales/fr.json" with { type: "json" };
import { handIn, LUCIE } from "./communities.ts";
import { fits, hasNoFault } from "./looks.ts";
import { AWA, COMMUNITY, expect, makeDocument, test } from "./people.ts";

type Words = { [key: string]: string | Words };
const LANGUAGES = [
  { locale: "fr-FR", lang: "fr", words: french as Words, colorScheme: "light" },
  { locale: "en-GB", lang: "en", words: english as Words, colorScheme: "dark" },
] as const;
const WIDTHS = [390, 1440] as const;

function say(words: Words, key: string): string {
  const found = key.split(".").reduce<string | Words | undefined>((at, part) => (at as Words)?.[part], words);
  if (typeof found !== "string") throw new Error(`no word ${key}`);
  return found;
}

/** Address, what its title begins with (a key, or the words themselves), and what is there when it is drawn. */
type Route = readonly [address: string, title: string, shown: string];

const VISITOR: readonly Route[] = [
  ["/", "landing.pageTitle", ".demo-person"],
  ["/sign-in?error=provider-down", "signIn.problemTitle", ".demo-person"],
  ["/sign-in/link#abc", "signIn.link.title", ".btn.primary"],
  ["/signed-in", "signIn.done.title", "h1"],
  ["/invitation", "invitation.spentTitle", ".demo-person"],
  ["/about", "about.title", "#accessibility"],
  ["/invitation#abc", "invitation.title", ".btn.primary"],
];

const MEMBER = (document: string, request: string): readonly Route[] => [
  ["/", "nav.home", "a.cover"],
  ["/docs", "nav.myDocuments", "a.cover"],
  ["/communities", "directory.communities", "a.cover"],
  ["/people", "directory.people", ".people-grid li"],
  [`/c/${COMMUNITY}`, "=Réseau des chefs de projet numérique", ".comm-head"],
  [`/c/${COMMUNITY}/docs`, "composition.features.documents.name", "a.cover"],
  [`/c/${COMMUNITY}/wiki`, "composition.features.wiki.name", ".card.empty"],
  [`/c/${COMMUNITY}/posts`, "composition.features.posts.name", ".card.empty"],
  [`/c/${COMMUNITY}/faq`, "composition.features.faq.name", ".card.empty"],
  [`/c/${COMMUNITY}/members`, "communities.members", "table.members"],
  [`/c/${COMMUNITY}/settings`, "community.settings", ".compose"],
  [`/d/${document}`, "=Une page parmi d’autres", "#document-text"],
  ["/request", "requests.title", "form"],
  [`/requests/${request}`, "=Toutes les adresses", "h1"],
  ["/profile", "profile.title", "form"],
  ["/profile/sessions", "profile.sessionsTitle", ".badge.ok"],
  ["/admin/people", "nav.administration", ".card.empty"],
  ["/nowhere", "states.notFoundTitle", ".card.empty"],
];

const ADMINISTRATOR = (request: string): readonly Route[] => [
  ["/admin", "admin.sections.overview", ".figure"],
  ["/admin/requests", "=", ".pick"],
  [`/admin/requests/${request}`, "=Toutes les adresses", "article"],
  ["/admin/people", "admin.sections.people", "table"],
  ["/admin/communities", "admin.sections.communities", ".row"],
  ["/admin/audit", "admin.sections.audit", "table"],
  ["/admin/instance", "admin.sections.instance", "form"],
];

/** Addresses that a link may lead to. */
const PLACES = [
  /^\/(docs|communities|people|request|about|profile|profile\/sessions)?$/,
  /^\/(d|requests)\/[^/]+$/,
  /^\/c\/[^/]+(\/(docs|wiki|posts|faq|members|settings))?$/,
  /^\/admin(\/(requests(\/[^/]+)?|people|communities|audit|instance))?$/,
];

/** Each link of the site leads to one of its pages, or to a file that is there. */
async function leadSomewhere(page: Page, links: ReadonlySet<string>): Promise<void> {
  for (const link of links) {
    const { origin, pathname } = new URL(link);
    if (origin !== new URL(page.url()).origin || PLACES.some((place) => place.test(pathname))) continue;
    const answer = await page.request.get(link);
    expect(answer.status(), link).toBe(200);
    expect(answer.headers()["content-type"], link).not.toContain("text/html");
  }
}

async function goThrough(page: Page, routes: readonly Route[], lang: string, words: Words): Promise<void> {
  const links = new Set<string>();
  for (const [address, title, shown] of routes) {
    const wanted = title.startsWith("=") ? title.slice(1) : say(words, title);
    await page.goto(address);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 844 });
      await expect(page.locator(shown).first(), address).toBeVisible();
      await expect(page, address).toHaveTitle(/ – Unisson$/);
      expect((await page.title()).startsWith(wanted), `${address}: ${await page.title()}`).toBe(true);
      await expect(page.locator("html")).toHaveAttribute("lang", lang);
      await hasNoFault(page, `${address} ${lang} ${width}`);
      await fits(page, `${address} ${lang} ${width}`);
    }
    await page.setViewportSize({ width: 320, height: 640 });
    await fits(page, `${address} ${lang} 320`);
    for (const link of await page
      .locator('a[href]:not([href^="#"])')
      .evaluateAll((all) => all.map((one) => (one as HTMLAnchorElement).href)))
      links.add(link);
  }
  await leadSomewhere(page, links);
}

for (const { locale, lang, words, colorScheme } of LANGUAGES) {
  test(`every address of a visitor, in ${lang}: axe, one heading, title, nothing in red`, async ({
    person,
  }) => {
    const { page } = await person(null, { locale, colorScheme });
    await goThrough(page, VISITOR, lang, words);
  });

  test(`every address of a member, in ${lang}: axe, one heading, title, nothing in red`, async ({
    person,
    node,
  }) => {
    const awa = await person(AWA, { locale, colorScheme });
    const document = await makeDocument(awa, node, "Une page parmi d’autres", COMMUNITY);
    const { id: request } = await handIn(awa, node, "Toutes les adresses");
    await goThrough(awa.page, MEMBER(document, request), lang, words);
  });

  test(`every address of an administrator, in ${lang}: axe, one heading, title, nothing in red`, async ({
    person,
    node,
  }) => {
    const awa = await person(AWA, { locale, colorScheme });
    const { id: request } = await handIn(awa, node, "Toutes les adresses");
    const lucie = await person(LUCIE, { locale, colorScheme });
    await goThrough(lucie.page, ADMINISTRATOR(request), lang, words);
  });
}
