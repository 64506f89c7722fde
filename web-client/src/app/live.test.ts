import { expect, test } from "vitest";
import { gatheringOf, isPolled, keysOf } from "./live";

test("each event names the answers it makes old", () => {
  expect(keysOf({ kind: "request", id: "r" })).toContainEqual(["request", "r"]);
  expect(keysOf({ kind: "community", slug: "s", id: "c" })).toContainEqual(["community", "s"]);
  expect(keysOf({ kind: "requests" })).toContainEqual(["admin", "requests"]);
  expect(keysOf({ kind: "invitations" })).toContainEqual(["invitations"]);
  expect(keysOf({ kind: "documents", community: "s" })).toContainEqual(["documents"]);
});

test("after a gap everything is old; what is not known yet is passed over", () => {
  expect(keysOf({ kind: "resync" })).toBeNull();
  expect(keysOf({ kind: "of-a-later-version" })).toEqual([]);
});

test("without the feed only what changes under one's eyes is asked again and again", () => {
  for (const key of [
    ["me"],
    ["request", "r"],
    ["community", "s", "members"],
    ["admin", "requests", "list", "open"],
  ])
    expect(isPolled(key), key.join()).toBe(true);
  for (const key of [["documents", "all", null], ["people", {}], ["admin", "audit"], ["config"]])
    expect(isPolled(key), key.join()).toBe(false);
});

test("who is here comes whole, or not at all", () => {
  const people = [{ id: "a", name: "Awa", outsider: false, view: "overview" }];
  expect(gatheringOf({ kind: "here", community: "s", count: 3, people })).toEqual({ count: 3, people });
  expect(gatheringOf({ kind: "here", community: "s" })).toBeNull();
});
