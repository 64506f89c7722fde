/** Rights that change while a page is open: it says so, keeps what is typed, and goes on when they come back. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Node } from "./node.ts";
import {
  AWA,
  CHLOE,
  expect,
  goOffline,
  goOnline,
  idOf,
  makeDocument,
  openDocument,
  type Person,
  saved,
  spoken,
  state,
  test,
  text,
} from "./people.ts";

// The browser itself writes the refusals of the server in red, and the socket that is away.
test.use({ allowed: [/status of 40[134]|ERR_INTERNET_DISCONNECTED/] });

const bytes = (id: string) => Buffer.from(id.replaceAll("-", ""), "hex");

/** A community of Awa's, changed in the database, beside the server. */
class Community {
  readonly id = randomUUID();
  readonly slug = `c-${this.id}`;

  private constructor(readonly node: Node) {}

  static async of(node: Node, members: Record<string, string>): Promise<Community> {
    const community = new Community(node);
    const { id, slug } = community;
    community.run(
      "insert into communities (id, slug, name, purpose, visibility, created_at) values (?, ?, ?, '', 'private', ?)",
      [bytes(id), slug, slug, Date.now() * 1000],
    );
    community.run(
      "insert into community_features (community_id, feature, position) values (?, 'documents', 0)",
      [bytes(id)],
    );
    for (const [name, role] of Object.entries(members)) await community.admit(name, role);
    return community;
  }

  run(sql: string, values: (string | number | Buffer)[]): void {
    const database = new DatabaseSync(join(this.node.folder, "data.db"));
    database.exec("pragma busy_timeout = 5000");
    database.prepare(sql).run(...values);
    database.close();
  }

  async admit(name: string, role: string): Promise<void> {
    this.run("insert into memberships (community_id, user_id, role, joined_at) values (?, ?, ?, ?)", [
      bytes(this.id),
      bytes(await idOf(this.node, name)),
      role,
      Date.now() * 1000,
    ]);
  }

  async make(name: string, role: string): Promise<void> {
    const person = bytes(await idOf(this.node, name));
    this.run("update memberships set role = ? where community_id = ? and user_id = ?", [
      role,
      bytes(this.id),
      person,
    ]);
  }

  async remove(name: string): Promise<void> {
    const person = bytes(await idOf(this.node, name));
    this.run("delete from memberships where community_id = ? and user_id = ?", [bytes(this.id), person]);
  }
}

async function write(person: Person, words: string): Promise<void> {
  await text(person.page).click();
  await person.page.keyboard.press("Control+End");
  await person.page.keyboard.type(words);
}

async function downloaded(person: Person): Promise<string> {
  const [download] = await Promise.all([
    person.page.waitForEvent("download"),
    person.page.getByRole("alert").getByRole("button", { name: "Télécharger le texte" }).click(),
  ]);
  return readFileSync(await download.path(), "utf8");
}

test("s15_a page whose right is taken back and given again says so, and goes on", async ({
  person,
  node,
}) => {
  const community = await Community.of(node, { [AWA]: "leader", [CHLOE]: "member" });
  const awa = await person(AWA);
  const chloe = await person(CHLOE);
  const id = await makeDocument(awa, node, "Droits", community.slug);
  await openDocument(awa, id);
  await openDocument(chloe, id);
  await write(chloe, "Chloé écrit. ");
  await saved(chloe.page);

  await community.make(CHLOE, "reader");
  await expect(state(chloe.page)).toHaveText("Lecture seule");
  await expect(text(chloe.page)).toHaveAttribute("contenteditable", "false");
  await expect(chloe.page.getByRole("toolbar")).toHaveCount(0);
  await expect.poll(() => spoken(chloe.page)).toContain("Lecture seule");
  await write(awa, "Awa continue. ");
  await expect(text(chloe.page)).toContainText("Awa continue.");

  await community.make(CHLOE, "member");
  await saved(chloe.page);
  await expect(text(chloe.page)).toHaveAttribute("contenteditable", "true");
  await write(chloe, "Chloé reprend.");
  await saved(chloe.page);
  await expect(text(awa.page)).toContainText("Chloé reprend.");
});

test("s15_what was typed by somebody who may no longer write is kept, and leaves when they may again", async ({
  person,
  node,
}) => {
  const community = await Community.of(node, { [AWA]: "leader", [CHLOE]: "member" });
  const awa = await person(AWA);
  const chloe = await person(CHLOE);
  const id = await makeDocument(awa, node, "Gardé", community.slug);
  await openDocument(awa, id);
  await openDocument(chloe, id);
  await write(chloe, "Avant. ");
  await saved(chloe.page);
  await goOffline(chloe);
  await write(chloe, "Pendant la coupure. ");
  await community.make(CHLOE, "reader");
  await goOnline(chloe);
  await expect(state(chloe.page)).toHaveText("Non enregistré : vous ne pouvez plus écrire ici");
  expect(await downloaded(chloe)).toContain("Pendant la coupure.");

  await community.make(CHLOE, "member");
  await saved(chloe.page);
  await expect(chloe.page.getByRole("alert")).toHaveCount(0);
  await expect(text(awa.page)).toContainText("Pendant la coupure.");
});

test("s15_a page that is no longer open to somebody says so, shows nothing new, and hands out its text", async ({
  person,
  node,
}) => {
  const community = await Community.of(node, { [AWA]: "leader", [CHLOE]: "member" });
  const awa = await person(AWA);
  const chloe = await person(CHLOE);
  const id = await makeDocument(awa, node, "Fermé", community.slug);
  await openDocument(awa, id);
  await openDocument(chloe, id);
  await write(chloe, "Chloé était là. ");
  await saved(chloe.page);
  await expect(awa.page.getByRole("img", { name: CHLOE })).toBeVisible();

  await community.remove(CHLOE);
  await expect(state(chloe.page)).toHaveText("Vous n’avez plus accès");
  await expect(chloe.page.getByRole("alert")).toContainText("Ce document ne vous est plus ouvert.");
  await expect(text(chloe.page)).toHaveAttribute("contenteditable", "false");
  await expect(chloe.page.getByRole("img", { name: AWA })).toHaveCount(0);
  await expect(awa.page.getByRole("img", { name: CHLOE })).toHaveCount(0);
  await write(awa, "Sans elle.");
  await saved(awa.page);
  expect(await downloaded(chloe)).toContain("Chloé était là.");
  expect(await text(chloe.page).innerText()).not.toContain("Sans elle.");

  await community.admit(CHLOE, "member");
  await chloe.page.getByRole("button", { name: "Réessayer" }).click();
  await saved(chloe.page);
  await expect(text(chloe.page)).toContainText("Sans elle.");
});
