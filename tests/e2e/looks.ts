/** What every page must pass: axe in both themes at both widths, one heading, nothing wider than the window. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect } from "./people.ts";

const WIDTHS = [390, 1440] as const;
export const THEMES = ["light", "dark"] as const;

/** Colours that are on their way to another theme are in neither, and what fades in is pale: waits for both. */
async function atRest(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const moving = () =>
      document.getAnimations().filter((one) => Number(one.effect?.getComputedTiming().endTime) < 60_000);
    do {
      await frame();
      await frame();
      await Promise.allSettled(moving().map((one) => one.finished));
    } while (moving().length > 0);
  });
}

export async function hasNoFault(page: Page, where: string): Promise<void> {
  await atRest(page);
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode()
    .options({ resultTypes: ["violations"] })
    .analyze();
  const found = violations.map(
    (one) =>
      `${where}: ${one.impact} ${one.id} ${one.nodes.map((node) => node.target.join(" ")).join(" | ")}`,
  );
  expect(found).toEqual([]);
  await expect(page.locator("h1")).toHaveCount(1);
  await expect(page.locator("main")).toHaveCount(1);
}

export async function fits(page: Page, where: string): Promise<void> {
  const wider = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(wider, where).toBeLessThanOrEqual(0);
}

/** The page that is open, in both themes, at both widths; and without sideways scroll at 320 px. */
export async function looksRight(page: Page, where: string): Promise<void> {
  const before = page.viewportSize() ?? { width: 1440, height: 900 };
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 844 });
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme });
      await hasNoFault(page, `${where} ${width} ${colorScheme}`);
    }
    await fits(page, `${where} ${width}`);
  }
  await page.setViewportSize({ width: 320, height: 640 });
  await fits(page, `${where} 320`);
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(before);
}
