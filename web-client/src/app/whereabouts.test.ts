import { expect, test } from "vitest";
import type { DocumentFacts } from "../api";
import { whereabouts } from "./whereabouts";

const facts = { id: "d", community: { id: "c", slug: "reseau", name: "Réseau" } } as DocumentFacts;
const said = (path: string, known?: DocumentFacts, writing = false) =>
  JSON.parse(whereabouts(path, known, writing));

test("a page of a community says which, and what it shows", () => {
  const at = { kind: "at", community: "reseau" };
  expect(said("/c/reseau")).toEqual({ ...at, view: "overview" });
  expect(said("/c/reseau/docs")).toEqual({ ...at, view: "documents" });
  expect(said("/c/reseau/members")).toEqual({ ...at, view: "members" });
  expect(said("/c/reseau/of-a-later-version")).toEqual({ ...at, view: "other" });
  const document = { ...at, view: "document", document: "d" };
  expect(said("/d/d", facts)).toEqual({ ...document, writing: false });
  expect(said("/d/d", facts, true)).toEqual({ ...document, writing: true });
});

test("elsewhere, and before it is known where, nothing is said", () => {
  for (const path of ["/", "/docs", "/admin/people", "/d/d"]) expect(said(path)).toEqual({ kind: "away" });
  expect(said("/d/d", { ...facts, community: null })).toEqual({ kind: "away" });
});
