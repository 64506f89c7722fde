import { expect, test } from "vitest";
import { readAgent } from "./agents";

test("browsers are called what people call them", () => {
  const of = (agent: string | null) => {
    const { browser, system, hand } = readAgent(agent);
    return [browser, system, hand];
  };
  expect(
    of("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0"),
  ).toEqual(["Edge", "Windows", false]);
  expect(of("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")).toEqual([
    "Firefox",
    "Linux",
    false,
  ]);
  expect(
    of(
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604",
    ),
  ).toEqual(["Safari", "iPhone", true]);
  expect(of("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36")).toEqual([
    "Chrome",
    "Android",
    true,
  ]);
  expect(of("curl/8.5")).toEqual([null, null, false]);
  expect(of(null)).toEqual([null, null, false]);
});
