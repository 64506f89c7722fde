/** A node for the whole file, and people at their browsers; whatever a page says in red fails the test. */
import { type Browser, type BrowserContext, test as base, expect, type Page } from "@playwright/test";
import { Node } from "./node.ts";

export const AWA = "Awa Diallo";
export const BRUNO = "Bruno Lefèvre";
export const CHLOE = "Chloé Martin";
export const DAVID = "David Nguyen";
export const COMMUNITY = "chefs-de-projet-numerique";

type Options = {
  /** Where the node is reached, if not directly. */
  baseURL?: string;
  viewport?: { width: number; height: number };
  colorScheme?: "light" | "dark";
  locale?: string;
  /** As in a browser that has none, or hasn't yet. */
  serviceWorkers?: "block";
};
/** Words in red that a test brings about itself. */
type Allowed = RegExp[];

export type Person = { context: BrowserContext; page: Page; errors: string[] };

export async function idOf(node: Node, name: string): Promise<string> {
  const { people } = (await (await fetch(`${node.url}/auth/demo`)).json()) as {
    people: { id: string; name: string }[];
  };
  const found = people.find((person) => person.name === name);
  if (!found) throw new Error(`nobody is called ${name}`);
  return found.id;
}

function watch(page: Page, node: Node, errors: string[]): void {
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => {
    const address = request.url();
    if (!address.startsWith(node.url) && !/^(data|blob):/.test(address))
      errors.push(`foreign request: ${address}`);
  });
}

async function arrive(browser: Browser, node: Node, name: string | null, options: Options): Promise<Person> {
  const context = await browser.newContext({
    baseURL: node.url,
    locale: "fr-FR",
    timezoneId: "Europe/Paris",
    ...options,
  });
  // A browser that is put offline keeps its open sockets: the test has to find them.
  await context.addInitScript(() => {
    const sockets: WebSocket[] = [];
    const Real = window.WebSocket;
    Object.assign(window, {
      openSockets: sockets,
      WebSocket: class extends Real {
        constructor(...given: ConstructorParameters<typeof Real>) {
          super(...given);
          sockets.push(this);
        }
      },
    });
  });
  // What is said aloud stands there only until the next word.
  await context.addInitScript(() => {
    const spoken: string[] = [];
    Object.assign(window, { spoken });
    new MutationObserver(() => {
      const said = document.querySelector('[data-testid="announcer"]')?.textContent;
      if (said && said !== spoken.at(-1)) spoken.push(said);
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  if (name !== null) {
    const answer = await context.request.post(`${node.url}/auth/demo`, {
      data: { id: await idOf(node, name) },
    });
    if (!answer.ok()) throw new Error(`${name} can't sign in: ${answer.status()}`);
  }
  const page = await context.newPage();
  const errors: string[] = [];
  watch(page, node, errors);
  return { context, page, errors };
}

type Fixtures = {
  /** Somebody at a browser of their own; null for a visitor. */
  person: (name: string | null, options?: Options) => Promise<Person>;
  /** What this test may see in red. */
  allowed: Allowed;
};

export const test = base.extend<Fixtures, { node: Node }>({
  node: [
    // biome-ignore lint/correctness/noEmptyPattern: the shape the runner asks for
    async ({}, use) => {
      const node = await Node.start();
      await use(node);
      await node.stop();
    },
    { scope: "worker" },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: the shape the runner asks for
  allowed: async ({}, use) => use([]),
  person: async ({ browser, node, allowed }, use) => {
    const people: Person[] = [];
    await use(async (name, options = {}) => {
      const person = await arrive(browser, node, name, options);
      people.push(person);
      return person;
    });
    const red = people
      .flatMap((person) => person.errors)
      .filter((text) => !allowed.some((one) => one.test(text)));
    for (const person of people) await person.context.close();
    expect(red).toEqual([]);
  },
});

export { expect };

/** The text of the document that is open. */
export const text = (page: Page) => page.locator("#document-text");
/** Its words alone, without the names at the carets. */
export const words = (page: Page) =>
  text(page).evaluate((shown) => {
    const copy = shown.cloneNode(true) as HTMLElement;
    for (const caret of copy.querySelectorAll(".caret")) caret.remove();
    return copy.textContent;
  });
/** All that the page has said aloud so far. */
export const spoken = (page: Page) =>
  page.evaluate(() => (window as unknown as { spoken: string[] }).spoken.join(" "));
/** The kind of the state line: saved, saving, offline… */
export const state = (page: Page) => page.locator("[data-state]");

/** A new document of this person, by the interface of the server. */
export async function makeDocument(
  person: Person,
  node: Node,
  title: string,
  community: string | null,
): Promise<string> {
  const answer = await person.context.request.post(`${node.url}/api/v1/documents`, {
    data: { title, community },
  });
  expect(answer.status()).toBe(201);
  return ((await answer.json()) as { id: string }).id;
}

export async function openDocument(person: Person, id: string): Promise<void> {
  await person.page.goto(`/d/${id}`);
  await expect(text(person.page)).toBeVisible();
}

/** Waits for the server's word that everything is written for good. */
export const saved = (page: Page) => expect(state(page)).toHaveAttribute("data-state", "saved");

/** Cuts the network as a tunnel does: no request passes, and the open socket goes too. */
export async function goOffline(person: Person): Promise<void> {
  await person.context.setOffline(true);
  await person.page.evaluate(() => {
    for (const socket of (window as unknown as { openSockets: WebSocket[] }).openSockets) socket.close();
  });
}

export const goOnline = (person: Person) => person.context.setOffline(false);
