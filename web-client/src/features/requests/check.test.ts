import { expect, test } from "vitest";
import { faultsOf } from "./check";
import type { Written } from "./draft";

const whole: Written = {
  name: "Réseau des référents",
  purpose: "Partager ce qui marche d’une région à l’autre.",
  model: "network",
  visibility: "private",
  joining: "approval",
  features: ["documents"],
  co_leaders: [],
};

test("a whole request has no fault, and each lack names its field", () => {
  expect(faultsOf(whole)).toEqual([]);
  const lacks: [Partial<Written>, string][] = [
    [{ name: "  a " }, "name"],
    [{ purpose: "Échanger" }, "purpose"],
    [{ visibility: "secret", joining: "approval" }, "joining"],
    [{ features: [] }, "features"],
  ];
  for (const [lack, field] of lacks) {
    expect(faultsOf({ ...whole, ...lack }).map((fault) => fault.field)).toEqual([field]);
  }
  expect(faultsOf({ ...whole, visibility: "secret", joining: "invitation" })).toEqual([]);
});
