/** The front page: what waits for an answer, what may be joined, and how it follows what others do. */
import { ClosedNetwork } from "./closed.ts";
import { ask, found, LUCIE } from "./communities.ts";
import { looksRight } from "./looks.ts";
import {
  AWA,
  BRUNO,
  COMMUNITY,
  DAVID,
  expect,
  makeDocument,
  openDocument,
  type Person,
  saved,
  test,
  text,
} from "./people.ts";

test("an invitation appears by itself, is accepted or declined, and the community is there", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const lucie = await person(LUCIE);
  const david = await person(DAVID);
  const slug = await found(awa, lucie, node, "Atelier des cartes");
  const other = await found(awa, lucie, node, "Atelier des plans");
  const { email } = await ask<{ email: string }>(david, node, "get", "/me");
  const { page } = david;
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1, name: "Bonjour David" })).toBeVisible();
  for (const one of [slug, other]) {
    await ask(awa, node, "post", `/communities/${one}/invitations`, {
      emails: [email],
      role: "member",
      until: null,
    });
  }
  const waiting = page.getByRole("region", { name: "On attend votre réponse" });
  await expect(waiting.getByText(/vous invite dans.*Atelier des cartes/)).toBeVisible({ timeout: 10_000 });
  await expect(waiting.getByText(/vous invite dans.*Atelier des plans/)).toBeVisible({ timeout: 10_000 });
  await looksRight(page, "home with invitations");

  await page.getByRole("button", { name: "Décliner l’invitation dans Atelier des plans" }).click();
  await expect(waiting.getByText(/Atelier des plans/)).toHaveCount(0);
  // Taken back in time, it is as if nothing had been pressed; left alone, it is answered.
  const said = page.getByRole("status").getByRole("listitem").filter({ hasText: "Atelier des plans" });
  await said.getByRole("button", { name: "Annuler" }).click();
  await expect(waiting.getByText(/vous invite dans.*Atelier des plans/)).toBeVisible();
  await page.getByRole("button", { name: "Décliner l’invitation dans Atelier des plans" }).click();
  await said.filter({ hasText: "déclinée" }).getByRole("button", { name: "Fermer" }).click();
  await expect
    .poll(async () => {
      const { items } = await ask<{ items: { community: { slug: string } }[] }>(
        david,
        node,
        "get",
        "/invitations",
      );
      return items.map((one) => one.community.slug);
    })
    .not.toContain(other);
  await expect(waiting.getByText(/Atelier des plans/)).toHaveCount(0);
  await page.getByRole("button", { name: "Accepter l’invitation dans Atelier des cartes" }).click();
  await expect(page.getByText(/Bienvenue dans.*Atelier des cartes/)).toBeVisible();
  await expect(
    page.getByRole("region", { name: "Vos communautés" }).getByRole("link", { name: "Atelier des cartes" }),
  ).toBeVisible();
  await page.getByRole("button", { name: "Ouvrir" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Atelier des cartes" })).toBeVisible();
});

test("what others wrote is new until one has opened it, or has said so; on all one's devices", async ({
  person,
  node,
}) => {
  const awa = await person(AWA);
  const bruno = await person(BRUNO);
  const phone = await person(BRUNO, { viewport: { width: 390, height: 844 } });
  const { as_of } = await ask<{ as_of: string }>(bruno, node, "get", "/news");
  await ask(bruno, node, "put", "/news", { until: as_of });
  const write = (title: string) => makeDocument(awa, node, title, COMMUNITY);
  await write("Ordre du jour du lundi");
  await write("Compte rendu du mardi");

  const newOf = ({ page }: Person) => page.getByRole("region", { name: "Depuis votre dernière visite" });
  for (const one of [bruno, phone]) {
    await one.page.goto("/");
    await expect(newOf(one).locator("li")).toHaveCount(2);
    await expect(newOf(one)).toContainText("Nouveau document de Awa Diallo");
    await expect(one.page.getByText("2 documents nouveaux ou modifiés.")).toBeVisible();
    await looksRight(one.page, "home with news");
  }
  const marked = bruno.page
    .getByRole("navigation", { name: "Mes communautés" })
    .getByRole("link", { name: /, du nouveau$/ });
  await expect(marked).toHaveCount(1);

  await newOf(bruno).getByRole("link", { name: "Compte rendu du mardi" }).click();
  await expect(text(bruno.page)).toBeVisible();
  await expect(newOf(phone).locator("li")).toHaveCount(1);
  await bruno.page.goBack();
  await expect(newOf(bruno).locator("li")).toHaveText(/Ordre du jour du lundi/);

  await newOf(bruno).getByRole("button", { name: "Tout marquer comme vu" }).press("Enter");
  await expect(newOf(bruno)).toHaveCount(0);
  await expect(newOf(phone)).toHaveCount(0);
  await expect(marked).toHaveCount(0);
  await expect(bruno.page.getByText("Rien de nouveau depuis votre dernière visite.")).toBeVisible();
  await bruno.page.getByRole("status").getByRole("button", { name: "Annuler" }).click();
  await expect(newOf(phone).locator("li")).toHaveText(/Ordre du jour du lundi/);

  // What somebody writes while it is open is seen under one's eyes.
  const id = await write("Notes à deux mains");
  await openDocument(bruno, id);
  await openDocument(awa, id);
  await text(awa.page).pressSequentially("Bonjour");
  await expect(text(bruno.page)).toContainText("Bonjour");
  await saved(awa.page);
  await bruno.page
    .getByRole("navigation", { name: "Principale" })
    .getByRole("link", { name: "Accueil" })
    .click();
  await expect(newOf(bruno)).toContainText("Ordre du jour du lundi");
  await expect(newOf(bruno)).not.toContainText("Notes à deux mains");
});

test("a community that is open to all is joined from the front page", async ({ person, node }) => {
  const awa = await person(AWA);
  const lucie = await person(LUCIE);
  const bruno = await person(BRUNO);
  await found(awa, lucie, node, "Aaa ouverte à tous", { visibility: "public", joining: "open" });
  await bruno.page.goto("/");
  const open = bruno.page.getByRole("region", { name: "Vous pouvez les rejoindre" });
  await open.getByRole("button", { name: /^Rejoindre.*Aaa ouverte à tous/ }).click();
  await expect(
    bruno.page
      .getByRole("region", { name: "Vos communautés" })
      .getByRole("link", { name: "Aaa ouverte à tous" }),
  ).toBeVisible();
  await expect(open.getByText("Aaa ouverte à tous")).toHaveCount(0);
});

test("where no socket comes through, the page asks again by itself", async ({ person, node, allowed }) => {
  allowed.push(/WebSocket|foreign request: ws/);
  const network = await ClosedNetwork.before(node.port);
  const awa = await person(AWA);
  const lucie = await person(LUCIE);
  const bruno = await person(BRUNO, { baseURL: network.url });
  // What goes by the other address is this test's own doing.
  allowed.push(new RegExp(`foreign request: ${network.url}`));
  await bruno.context.request.post(`${network.url}/auth/demo`, {
    data: { id: (await ask<{ id: string }>(bruno, node, "get", "/me")).id },
  });
  const slug = await found(awa, lucie, node, "Sans prise");
  await bruno.page.goto("/");
  await expect(bruno.page.getByRole("heading", { level: 1, name: "Bonjour Bruno" })).toBeVisible();
  const { email } = await ask<{ email: string }>(bruno, node, "get", "/me");
  await ask(awa, node, "post", `/communities/${slug}/invitations`, {
    emails: [email],
    role: "reader",
    until: null,
  });
  await expect(bruno.page.getByText(/vous invite dans.*Sans prise/)).toBeVisible({ timeout: 15_000 });
  expect(network.feeds).toBeGreaterThan(0);
  await bruno.page.close();
  await network.end();
});

test("somebody who has nothing yet finds where to begin", async ({ person }) => {
  const bruno = await person(BRUNO);
  const { page } = bruno;
  const nothing = { items: [], next_cursor: null };
  await page.route(/\/api\/v1\/me$/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ json: { ...(await answer.json()), communities: [], invitations_count: 0 } });
  });
  await page.route(/\/api\/v1\/(documents|invitations|requests)(\?|$)/, (route) =>
    route.request().method() === "GET" ? route.fulfill({ json: nothing }) : route.continue(),
  );
  await page.goto("/");
  await expect(page.getByText("Vous n’êtes encore dans aucune communauté")).toBeVisible();
  await expect(
    page.getByRole("region", { name: "Vous pouvez les rejoindre" }).locator(".row").first(),
  ).toBeVisible();
  await expect(page.getByRole("link", { name: "Demander une communauté" })).toBeVisible();
  await looksRight(page, "home of a newcomer");
  await page
    .getByRole("region", { name: "Documents récents" })
    .getByRole("button", { name: "Nouveau document" })
    .click();
  await expect(page.getByRole("textbox", { name: "Titre du document" })).toBeVisible();
});
