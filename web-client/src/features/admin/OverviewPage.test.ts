import { expect, test } from "vitest";
import { saySize } from "./OverviewPage";

test("sizes are said in powers of ten, in the reader's units", () => {
  const plain = (text: string) => text.replaceAll("\u00a0", " ");
  expect(plain(saySize(0, "fr"))).toBe("0 o");
  expect(plain(saySize(999, "fr"))).toBe("999 o");
  expect(plain(saySize(1_234_567, "fr"))).toBe("1,2 Mo");
  expect(plain(saySize(8_234_567_890, "en"))).toBe("8.2 GB");
});
