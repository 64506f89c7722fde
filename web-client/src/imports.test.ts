/** Who may import whom: app > features > editor, sync > api, i18n, ui; and never one feature another. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const SOURCE = resolve(import.meta.dirname);
const FLOORS: Record<string, number> = { app: 3, features: 2, editor: 1, sync: 1, api: 0, i18n: 0, ui: 0 };
/** On the ground floor, words may be drawn: ui says dates and names in the reader's language. */
const NEIGHBOURS = new Set(["ui>i18n"]);

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return files(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

function importsOf(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const found = text.matchAll(/(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g);
  return [...found].map((match) => resolve(dirname(path), match[1] ?? ""));
}

function room(path: string): { room: string; feature: string | undefined; inside: string[] } {
  const [first = "", second, ...rest] = relative(SOURCE, path).split("/");
  return { room: first, feature: first === "features" ? second : undefined, inside: rest };
}

test("imports go down the floors, and features are entered by their door", () => {
  const wrong: string[] = [];
  for (const path of files(SOURCE)) {
    const from = room(path);
    if (!(from.room in FLOORS)) continue;
    for (const target of importsOf(path)) {
      const to = room(target);
      if (!(to.room in FLOORS)) continue;
      const say = `${relative(SOURCE, path)} -> ${relative(SOURCE, target)}`;
      const same = from.room === to.room && from.feature === to.feature;
      if (same) continue;
      const down = (FLOORS[from.room] ?? 0) > (FLOORS[to.room] ?? 0);
      if (!down && !NEIGHBOURS.has(`${from.room}>${to.room}`)) wrong.push(say);
      if (to.room === "features" && to.inside.length > 0) wrong.push(`${say} (not by its door)`);
    }
  }
  expect(wrong).toEqual([]);
});
