import { expect, test } from "vitest";
import french from "../../i18n/locales/fr.json";
import { type Say, sayFacts } from "./facts";

type Words = { [key: string]: string | Words };

const say: Say = (key, values = {}) => {
  const found = key
    .split(".")
    .reduce<string | Words | undefined>((at, part) => (at as Words)?.[part], french);
  return typeof found === "string"
    ? found.replace(/\{\{(\w+)\}\}/g, (_, name) => String(values[name]))
    : null;
};
const told = (details: Record<string, unknown>) =>
  sayFacts(details, say, "fr").map(({ label, text }) => `${label} : ${text.replace(/[\u00a0\u202f]/g, " ")}`);

test("what was chosen is said with the words of the page on which it was chosen", () => {
  expect(told({ name: "Archives", visibility: "secret", model: "project" })).toEqual([
    "Nom : Archives",
    "Qui la voit : Secrète",
    "Modèle : Projet",
  ]);
});

test("a change is said with what was before, and what stayed is not said", () => {
  expect(told({ role: ["reader", "leader"] })).toEqual(["Rôle : Anime (avant : Lit)"]);
  expect(told({ role: ["agent", "administrator"] })).toEqual([
    "Rôle : Administration (avant : Agent public)",
  ]);
  expect(told({ until: [null, "2020-05-31"] })).toEqual(["Fin d’accès : 31 mai 2020 (avant : rien)"]);
  expect(
    told({
      features: [["documents", "wiki"], ["wiki"]],
      name: ["Le réseau", "Le réseau"],
      help_email: ["", ""],
    }),
  ).toEqual(["Fonctions : Wiki (avant : Documents, Wiki)"]);
});

test("ids are not said, and of people named how many", () => {
  expect(told({ role: "member", invited_by: "0193-0000" })).toEqual(["Rôle : Contribue"]);
  expect(told({ visibility: "inherit", link: null, until: null, people: [["0193", "read"]] })).toEqual([
    "Qui la voit : Comme la communauté",
    "Personnes nommées : 1",
  ]);
});

test("what a newer server tells is shown by its own name", () => {
  expect(told({ colour: "blue" })).toEqual(["colour : blue"]);
});
