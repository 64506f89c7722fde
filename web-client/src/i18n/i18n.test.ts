import { expect, test } from "vitest";
import { sayExactly, sayTime, sayWhen } from "./dates";
import { pickLanguage } from "./index";
import english from "./locales/en.json";
import french from "./locales/fr.json";

type Words = { [key: string]: string | Words };

function* entries(words: Words, at = ""): Generator<[string, string]> {
  for (const [key, value] of Object.entries(words)) {
    if (typeof value === "string") yield [`${at}${key}`, value];
    else yield* entries(value, `${at}${key}.`);
  }
}

test("both languages have the same keys, and none is empty", () => {
  const fr = new Map(entries(french));
  const en = new Map(entries(english));
  expect([...fr.keys()].sort()).toEqual([...en.keys()].sort());
  for (const [key, text] of [...fr, ...en]) expect(text.trim(), key).not.toBe("");
});

test("both languages name the same values in a sentence", () => {
  const en = new Map(entries(english));
  const named = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((found) => found[1]).sort();
  for (const [key, text] of entries(french)) expect(named(text), key).toEqual(named(en.get(key) ?? ""));
});

test("a singular says its number: in French it is also for none", () => {
  for (const [key, text] of [...entries(french), ...entries(english)])
    if (key.endsWith("_one")) expect(text, key).not.toMatch(/\b1\b/);
});

test("French takes a narrow no-break space before its double signs, and curly apostrophes everywhere", () => {
  for (const [key, text] of entries(french)) {
    expect(text, key).not.toMatch(/[^\u202f\s][;:!?»]|[ \u00a0][;:!?»]|« | »/u);
    expect(text, key).not.toContain("'");
  }
  for (const [key, text] of entries(english)) expect(text, key).not.toMatch(/['"]/);
});

test("the language follows the browser, and a choice holds", () => {
  expect(pickLanguage(null, ["fr-CA", "en"])).toBe("fr");
  expect(pickLanguage(null, ["de", "en-GB"])).toBe("en");
  expect(pickLanguage(null, ["de"])).toBe("en");
  expect(pickLanguage("en", ["fr"])).toBe("en");
  expect(pickLanguage("xx", ["fr"])).toBe("fr");
});

test("dates are said as people say them", () => {
  const now = new Date(2026, 10, 24, 9, 41);
  const say = (date: Date) => sayWhen(date, now, "fr").replaceAll("\u00a0", " ");
  expect(say(new Date(2026, 10, 24, 8, 5))).toBe("8 h 05");
  expect(say(new Date(2026, 10, 23, 18, 0))).toBe("hier, 18 h");
  expect(say(new Date(2026, 10, 20, 12, 0))).toBe("vendredi");
  expect(say(new Date(2026, 10, 1, 12, 0))).toBe("1er novembre");
  expect(say(new Date(2025, 2, 3, 12, 0))).toBe("3 mars 2025");
  expect(sayTime(now, "en")).toBe("09:41");
  expect(sayExactly(now, "fr").replaceAll("\u00a0", " ")).toBe("mardi 24 novembre 2026, 9 h 41");
});
