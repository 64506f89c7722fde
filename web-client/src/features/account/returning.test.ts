import { expect, test, vi } from "vitest";
import { localAddress, onSignedInElsewhere, tellSignedIn } from "./returning";

test("only addresses of this site are gone to", () => {
  expect(localAddress("/d/0190?x=1#y")).toBe("/d/0190?x=1#y");
  for (const wanted of [
    null,
    undefined,
    "",
    "d/0190",
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/.//evil.example",
    "/x/..//evil.example",
    "/%2e//evil.example",
  ]) {
    expect(localAddress(wanted), String(wanted)).toBe("/");
  }
});

test("signing in elsewhere is heard, until one stops listening", async () => {
  const look = vi.fn();
  const stop = onSignedInElsewhere(look);
  tellSignedIn("a");
  await vi.waitFor(() => expect(look).toHaveBeenCalledTimes(1));
  stop();
  window.dispatchEvent(new Event("focus"));
  expect(look).toHaveBeenCalledTimes(1);
});
