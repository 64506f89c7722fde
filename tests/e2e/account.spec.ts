import { looksRight } from "./looks.ts";
import { AWA, BRUNO, expect, test } from "./people.ts";

test("the profile is changed, and others see it", async ({ person }) => {
  const { page } = await person(BRUNO);
  await page.goto("/");
  await page.getByRole("button", { name: /profil et réglages/ }).click();
  await page.getByRole("menuitem", { name: "Mon profil" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Mon profil" })).toBeVisible();
  await looksRight(page, "profile");

  await page.getByLabel("Nom", { exact: true }).fill(" ");
  await page.getByRole("button", { name: "Enregistrer" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Un champ à revoir" })).toBeFocused();
  await page.getByLabel("Nom", { exact: true }).fill("Bruno Lefèvre");
  await page.getByLabel(/^Organisation/).fill("Préfecture du Gard");
  await page.getByRole("radio", { name: /Vos communautés/ }).check();
  await page.getByRole("combobox", { name: "Langue" }).selectOption("en");
  await page.getByRole("button", { name: "Enregistrer" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "My profile" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await page.reload();
  await expect(page.getByLabel(/^Organisation/)).toHaveValue("Préfecture du Gard");
  await expect(page.getByRole("radio", { name: /Your communities/ })).toBeChecked();
  await page.getByRole("combobox", { name: "Language" }).selectOption("fr");
  await page.getByRole("radio", { name: /All civil servants/ }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Mon profil" })).toBeVisible();
});

test("a session that is ended elsewhere ends there, within seconds", async ({ person, allowed }) => {
  allowed.push(/401/);
  const desk = await person(AWA);
  const phone = await person(AWA, { viewport: { width: 390, height: 844 } });
  await phone.page.goto("/");
  await expect(phone.page.getByRole("heading", { level: 1, name: "Bonjour Awa" })).toBeVisible();
  await desk.page.goto("/profile/sessions");
  await expect(desk.page.getByText("Cet appareil")).toBeVisible();
  await looksRight(desk.page, "sessions");
  await desk.page.getByRole("button", { name: /^Mettre fin (à l’autre|aux \d+ autres)/ }).click();
  await expect(desk.page.getByText("Les autres sessions sont terminées.")).toBeVisible();
  await expect(desk.page.getByRole("button", { name: /^Mettre fin/ })).toHaveCount(0);
  await expect(phone.page.getByRole("dialog", { name: "Reconnectez-vous pour continuer" })).toBeVisible({
    timeout: 20_000,
  });
});

test("all that is held about me is one file", async ({ person }) => {
  const { page } = await person(AWA);
  await page.goto("/profile");
  const coming = page.waitForEvent("download");
  await page.getByRole("link", { name: "Télécharger mes données" }).click();
  const file = await coming;
  expect(file.suggestedFilename()).toMatch(/\.json$/);
  const chunks: Buffer[] = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString("utf8")).toContain("Awa Diallo");
});
