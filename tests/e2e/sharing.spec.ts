/** Who may open one document: like its community, only some, or whoever has the link. */
import { admit, found, LUCIE } from "./communities.ts";
import { looksRight } from "./looks.ts";
import { AWA, BRUNO, DAVID, expect, makeDocument, openDocument, type Person, test, text } from "./people.ts";

test.use({ allowed: [/status of 40[134]/] });

async function openSharing({ page }: Person) {
  await page.getByRole("button", { name: "Partager" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("radio").first()).toBeVisible();
  return dialog;
}

test("a document is kept to some, and closes for the others at once", async ({ person, node }) => {
  const awa = await person(AWA);
  const bruno = await person(BRUNO);
  const david = await person(DAVID);
  const lucie = await person(LUCIE);
  const slug = await found(awa, lucie, node, "Partage restreint");
  await admit(awa, bruno, node, slug, "member");
  await admit(awa, david, node, slug, "member");
  const id = await makeDocument(awa, node, "Entre nous", slug);
  await openDocument(bruno, id);
  await openDocument(david, id);
  await openDocument(awa, id);

  const dialog = await openSharing(awa);
  await expect(dialog.getByText("Les membres de « Partage restreint »")).toBeVisible();
  await dialog.getByRole("radio", { name: /Seulement certaines personnes/ }).check();
  await dialog.getByRole("combobox", { name: "Ajouter des personnes" }).fill("bruno");
  await dialog.getByRole("option", { name: /Bruno Lefèvre/ }).click();
  await expect(dialog.getByText("Une personne nommée l’ouvre")).toBeVisible();
  await dialog.getByLabel(`Accès de ${BRUNO}`).selectOption("write");
  await looksRight(awa.page, "sharing");
  await dialog.getByRole("button", { name: "Enregistrer" }).click();
  await expect(awa.page.getByRole("status").getByText("Partage enregistré")).toBeVisible();

  await expect(david.page.getByRole("alert")).toContainText("Ce document ne vous est plus ouvert");
  await expect(text(bruno.page)).toHaveAttribute("contenteditable", "true");
  await david.page.reload();
  await expect(
    david.page.getByText("Ce document n’existe pas, ou n’est pas ouvert à votre compte."),
  ).toBeVisible();
});

test("a link opens it to a colleague until its end is changed", async ({ person, node }) => {
  const awa = await person(AWA);
  const david = await person(DAVID);
  const lucie = await person(LUCIE);
  const slug = await found(awa, lucie, node, "Partage par lien");
  const id = await makeDocument(awa, node, "À qui a le lien", slug);
  await david.page.goto(`/d/${id}`);
  await expect(
    david.page.getByText("Ce document n’existe pas, ou n’est pas ouvert à votre compte."),
  ).toBeVisible();

  await openDocument(awa, id);
  const dialog = await openSharing(awa);
  await dialog.getByRole("radio", { name: /qui a le lien/ }).check();
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  await dialog.getByLabel("Le lien vaut jusqu’au").fill(tomorrow);
  await expect(dialog.getByText(/qui a le lien peut le lire, jusqu’au/)).toBeVisible();
  await looksRight(awa.page, "sharing by link");
  await dialog.getByRole("button", { name: "Copier le lien" }).click();
  expect(await awa.page.evaluate(() => navigator.clipboard.readText())).toBe(`${node.url}/d/${id}`);
  await dialog.getByRole("button", { name: "Enregistrer" }).click();
  await expect(awa.page.getByRole("status").getByText("Partage enregistré")).toBeVisible();

  await openDocument(david, id);
  await expect(text(david.page)).toHaveAttribute("contenteditable", "false");
  const again = await openSharing(awa);
  await again.getByRole("radio", { name: /Comme la communauté/ }).check();
  await again.getByRole("button", { name: "Enregistrer" }).click();
  await expect(david.page.getByRole("alert")).toContainText("Ce document ne vous est plus ouvert");
});
