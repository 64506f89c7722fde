/** Networks that let no WebSocket through: the same work by another way, and the line says so. */
import { ClosedNetwork } from "./closed.ts";
import {
  AWA,
  BRUNO,
  COMMUNITY,
  expect,
  makeDocument,
  openDocument,
  saved,
  spoken,
  state,
  test as base,
  text,
  words,
} from "./people.ts";

const test = base.extend<{ network: ClosedNetwork }>({
  network: async ({ node }, use) => {
    const network = await ClosedNetwork.before(node.port);
    await use(network);
    await network.end();
  },
});

// The browser writes refused sockets in red, and what is asked of a node that was killed. The network has an address of
// its own.
test.use({ allowed: [/WebSocket|status of 50[0-9]|ERR_|foreign request: (http|ws):\/\/127\.0\.0\.1/] });

const SLOWER = "Connexion plus lente";

test("two people whom no WebSocket reaches keep both their edits, also when the server is killed right after “saved”", async ({
  person,
  node,
  network,
}) => {
  const awa = await person(AWA, { baseURL: network.url });
  const bruno = await person(BRUNO, { baseURL: network.url });
  const id = await makeDocument(awa, node, "Réseau fermé", COMMUNITY);
  await openDocument(awa, id);
  await openDocument(bruno, id);
  for (const { page } of [awa, bruno]) {
    await saved(page);
    await expect(state(page)).toContainText(SLOWER);
  }
  await expect.poll(() => spoken(awa.page)).toContain(SLOWER);
  expect(network.asked).toBeGreaterThan(0);

  await text(awa.page).click();
  await awa.page.keyboard.type("Awa écrit. ");
  await expect(text(bruno.page)).toContainText("Awa écrit.");
  await text(bruno.page).click();
  await bruno.page.keyboard.press("Control+End");
  await Promise.all([
    bruno.page.keyboard.type("Bruno aussi. "),
    awa.page.keyboard.type("Et en même temps. "),
  ]);
  await expect(awa.page.getByRole("img", { name: BRUNO })).toBeVisible();
  await saved(awa.page);
  await saved(bruno.page);
  await node.kill();
  await expect(state(awa.page)).toHaveAttribute("data-state", "offline", { timeout: 60_000 });
  await node.start();
  for (const { page } of [awa, bruno]) await saved(page);
  const whole = await words(awa.page);
  for (const part of ["Awa écrit. ", "Bruno aussi. ", "Et en même temps. "])
    expect(whole).toContain(part.trim());
  await expect.poll(() => words(bruno.page)).toBe(whole);

  // Somebody who comes later, on an open network, finds the same.
  await bruno.context.close();
  const late = await person(BRUNO);
  await openDocument(late, id);
  await expect.poll(() => words(late.page)).toBe(whole);
  await expect(state(late.page)).not.toContainText(SLOWER);

  // What it means is there to be asked, and a page that is loaded again knows the way already.
  await awa.page.getByRole("button", { name: SLOWER }).click();
  await expect(awa.page.getByText("enregistrées comme d’habitude")).toBeVisible();
  const asked = network.asked;
  await awa.page.reload();
  await saved(awa.page);
  await expect(state(awa.page)).toContainText(SLOWER);
  expect(network.asked - asked).toBeLessThanOrEqual(1);
});

test("where upgrades are swallowed one gets in as well; beside somebody on an open network; and goes back unnoticed", async ({
  person,
  node,
  network,
}) => {
  network.upgrades = "swallowed";
  const awa = await person(AWA, { baseURL: network.url });
  const bruno = await person(BRUNO);
  const id = await makeDocument(awa, node, "Deux chemins", COMMUNITY);
  await openDocument(awa, id);
  await openDocument(bruno, id);
  await saved(awa.page);
  await saved(bruno.page);
  await expect(state(awa.page)).toContainText(SLOWER);
  await expect(state(bruno.page)).not.toContainText(SLOWER);
  await text(awa.page).click();
  await awa.page.keyboard.type("Par l’un. ");
  await expect(text(bruno.page)).toContainText("Par l’un.");
  await text(bruno.page).click();
  await bruno.page.keyboard.press("Control+End");
  await bruno.page.keyboard.type("Par l’autre.");
  await expect(text(awa.page)).toContainText("Par l’un. Par l’autre.");
  await saved(awa.page);
  await saved(bruno.page);

  // From now on every kind of the line is kept, and for Bruno whether Awa was ever gone.
  const kinds = await awa.page.evaluateHandle(() => {
    const seen: (string | null)[] = [];
    const line = document.querySelector("[data-state]");
    if (line) {
      new MutationObserver(() => seen.push(line.getAttribute("data-state"))).observe(line, {
        attributeFilter: ["data-state"],
      });
    }
    return seen;
  });
  const gone = await bruno.page.evaluateHandle((name) => {
    const seen: number[] = [];
    new MutationObserver(() => {
      if (!document.querySelector(`[role="img"][aria-label*="${name}"]`)) seen.push(Date.now());
    }).observe(document.body, { subtree: true, childList: true });
    return seen;
  }, AWA);
  const farewell = awa.page.waitForResponse((answer) => answer.url().includes("end=true"), {
    timeout: 120_000,
  });
  network.upgrades = "let through";
  await expect(state(awa.page)).not.toContainText(SLOWER, { timeout: 120_000 });
  await saved(awa.page);
  await awa.page.keyboard.type(" Et retour.");
  await expect(text(bruno.page)).toContainText("Et retour.");
  await saved(awa.page);
  expect(await kinds.jsonValue()).not.toContain("offline");
  expect(await kinds.jsonValue()).not.toContain("failed");
  // The old connection lingers for a while; then it goes without taking her along.
  expect((await farewell).status()).toBe(204);
  await expect(bruno.page.getByRole("img", { name: AWA })).toBeVisible();
  expect(await gone.jsonValue()).toEqual([]);
});
