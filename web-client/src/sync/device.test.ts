import "fake-indexeddb/auto";
import { afterEach, expect, test, vi } from "vitest";
import * as Y from "yjs";
import {
  clearCopies,
  clearStranded,
  copiesOf,
  DeviceCopy,
  databaseName,
  findStranded,
  readStranded,
} from "./device";

const ME = "0190a000-0000-7000-8000-00000000000a";
const DOCUMENT = "0190d000-0000-7000-8000-000000000001";
const copies: DeviceCopy[] = [];

function open(room: string, doc: Y.Doc) {
  const heard = { loaded: vi.fn(), stored: vi.fn(), failed: vi.fn() };
  const copy = new DeviceCopy(databaseName(ME, room), doc, {
    onLoaded: heard.loaded,
    onStored: heard.stored,
    onFailed: heard.failed,
  });
  copies.push(copy);
  return { copy, ...heard };
}

afterEach(() => {
  for (const copy of copies.splice(0)) void copy.close();
});

test("a count is confirmed once the changes before it are on the disk, and is there after a reload", async () => {
  const doc = new Y.Doc();
  const first = open(DOCUMENT, doc);
  await vi.waitFor(() => expect(first.loaded).toHaveBeenCalledWith(0, false));
  doc.getText("default").insert(0, "bonjour");
  first.copy.markKnown();
  first.copy.note(7);
  await vi.waitFor(() => expect(first.stored).toHaveBeenCalledWith(7));
  await first.copy.close();

  const again = new Y.Doc();
  const second = open(DOCUMENT, again);
  await vi.waitFor(() => expect(second.loaded).toHaveBeenCalledWith(7, true));
  expect(again.getText("default").toString()).toBe("bonjour");
});

test("work of an earlier lineage is found, read and cleared; a copy with nothing unsent goes by itself", async () => {
  const old = new Y.Doc();
  const stranded = open(`${DOCUMENT}@2`, old);
  await vi.waitFor(() => expect(stranded.loaded).toHaveBeenCalled());
  old.getText("default").insert(0, "resté ici");
  stranded.copy.note(3);
  await vi.waitFor(() => expect(stranded.stored).toHaveBeenCalledWith(3));
  await stranded.copy.close();
  const quiet = open(`${DOCUMENT}@3`, new Y.Doc());
  await vi.waitFor(() => expect(quiet.loaded).toHaveBeenCalled());
  await quiet.copy.close();

  const found = await findStranded(ME, DOCUMENT, `${DOCUMENT}@4`);
  const name = databaseName(ME, `${DOCUMENT}@2`);
  expect(found).toContainEqual({ name, changes: 3 });
  expect(found.some((copy) => copy.name.endsWith("@3"))).toBe(false);

  const read = new Y.Doc();
  await readStranded(name, read);
  expect(read.getText("default").toString()).toBe("resté ici");
  await clearStranded(name);
  await vi.waitFor(async () =>
    expect((await indexedDB.databases()).map((one) => one.name)).not.toContain(name),
  );
});

test("signing out clears what the server has, and keeps what only this device has", async () => {
  for (const [room, unsent] of [
    ["sent", 0],
    ["waiting", 2],
  ] as const) {
    const opened = open(room, new Y.Doc());
    await vi.waitFor(() => expect(opened.loaded).toHaveBeenCalled());
    opened.copy.note(unsent);
    await vi.waitFor(() => expect(opened.stored).toHaveBeenCalledWith(unsent));
    await opened.copy.close();
  }
  expect(await copiesOf(ME, ["sent", "waiting", "never"])).toEqual(
    new Map([
      ["sent", 0],
      ["waiting", 2],
    ]),
  );
  await clearCopies(ME);
  const left = (await indexedDB.databases()).map((one) => one.name);
  expect(left).not.toContain(databaseName(ME, "sent"));
  expect(left).toContain(databaseName(ME, "waiting"));
});

test("a device that can't keep anything says so", async () => {
  const real = indexedDB.open.bind(indexedDB);
  vi.spyOn(indexedDB, "open").mockImplementation(() => {
    throw new DOMException("closed", "SecurityError");
  });
  const refused = open("elsewhere", new Y.Doc());
  await vi.waitFor(() => expect(refused.failed).toHaveBeenCalledWith("closed"));
  vi.mocked(indexedDB.open).mockImplementation(real);
});
