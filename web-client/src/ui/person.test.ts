import { expect, test } from "vitest";
import { initials, personNumber, tileLetters } from "./person";

test("initials are of the first and last word", () => {
  expect(initials("Awa Diallo")).toBe("AD");
  expect(initials("Jean-Michel Castaing-Dubreuil")).toBe("JC");
  expect(initials("émilie")).toBe("É");
});

test("a community's letters leave out the small words", () => {
  expect(tileLetters("Réseau des chefs de projet numérique")).toBe("RC");
  expect(tileLetters("Sobriété énergétique des bâtiments de l’État")).toBe("SÉ");
  expect(tileLetters("Accueil")).toBe("AC");
});

test("a colour is from 1 to 10 and stays", () => {
  for (let at = 0; at < 200; at += 1) {
    const colour = personNumber(`person ${at}`);
    expect(colour).toBeGreaterThanOrEqual(1);
    expect(colour).toBeLessThanOrEqual(10);
    expect(personNumber(`person ${at}`)).toBe(colour);
  }
});
