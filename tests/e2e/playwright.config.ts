import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  // Two browsers and a server are enough for two cores.
  workers: 1,
  fullyParallel: false,
  // A busy machine is slow, and none of these tests measures time.
  timeout: 240_000,
  expect: { timeout: 30_000 },
  // Whoever waits for a verdict on something else shall not wait twice for a browser that stumbled once. A test that
  // needed its second try is named as flaky at the end, in the table of `make test` as well: it is a fault to find, and
  // trace and picture of the first try are kept for that.
  retries: process.env.CI ? 1 : 0,
  reporter: [["list"]],
  outputDir: "test-results",
  use: {
    locale: "fr-FR",
    timezoneId: "Europe/Paris",
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    permissions: ["clipboard-read", "clipboard-write"],
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
