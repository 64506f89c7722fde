import { expect, test } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { difference, peopleIn, readPerson } from "./presence";

const person = (id: string, name: string) => ({ user: { id, name, outsider: false } });

test("one entry a person, oneself first, whatever the number of tabs", () => {
  const awareness = new Awareness(new Y.Doc());
  awareness.setLocalState(person("me", "Awa Diallo"));
  awareness.states.set(7, person("b", "Bruno Lefèvre"));
  awareness.states.set(8, person("b", "Bruno Lefèvre"));
  awareness.states.set(9, person("c", "Alice"));
  awareness.states.set(10, { cursor: null });
  expect(peopleIn(awareness, "me").map((one) => one.id)).toEqual(["me", "c", "b"]);
  awareness.destroy();
});

test("an entry that is not one of ours is nobody", () => {
  expect(readPerson(null)).toBeNull();
  expect(readPerson({ user: { id: 3, name: "" } })).toBeNull();
  expect(readPerson({ user: { name: "Invité" } })).toEqual({ id: "Invité", name: "Invité", outsider: false });
});

test("who came and who left, never oneself", () => {
  const before = [
    { id: "me", name: "Awa", outsider: false },
    { id: "b", name: "Bruno", outsider: false },
  ];
  const now = [{ id: "c", name: "Chloé", outsider: true }];
  expect(difference(before, now, "me")).toEqual({ came: [now[0]], left: [before[1]] });
});
