import { expect, test } from "vitest";
import { moved } from "./Composition";

test("a list goes where it is put, and no further than the ends", () => {
  const features = ["documents", "wiki", "posts"] as const;
  expect(moved(features, "posts", 0)).toEqual(["posts", "documents", "wiki"]);
  expect(moved(features, "documents", 1)).toEqual(["wiki", "documents", "posts"]);
  expect(moved(features, "documents", 9)).toEqual(["wiki", "posts", "documents"]);
  expect(moved(features, "wiki", -3)).toEqual(["wiki", "documents", "posts"]);
});
