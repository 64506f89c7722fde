/** Who is in a document, from its awareness states: one entry a person, oneself first. */
import type { Awareness } from "y-protocols/awareness";

export type Person = { id: string; name: string; outsider: boolean };

/** A person as their client announces them; null when the entry is not one of ours. */
export function readPerson(state: unknown): Person | null {
  if (typeof state !== "object" || state === null) return null;
  const user: unknown = (state as { user?: unknown }).user;
  if (typeof user !== "object" || user === null) return null;
  const { id, name, outsider } = user as { id?: unknown; name?: unknown; outsider?: unknown };
  if (typeof name !== "string" || name === "") return null;
  return { id: typeof id === "string" ? id : name, name: name.slice(0, 80), outsider: outsider === true };
}

export function peopleIn(awareness: Awareness, selfId: string): Person[] {
  const seen = new Map<string, Person>();
  for (const state of awareness.getStates().values()) {
    const person = readPerson(state);
    if (person && !seen.has(person.id)) seen.set(person.id, person);
  }
  const others = [...seen.values()].filter((person) => person.id !== selfId);
  others.sort((a, b) => a.name.localeCompare(b.name));
  const self = seen.get(selfId);
  return self ? [self, ...others] : others;
}

/** Who came and who left between two lists, oneself aside. */
export function difference(before: readonly Person[], after: readonly Person[], selfId: string) {
  const ids = (people: readonly Person[]) => new Set(people.map((person) => person.id));
  const were = ids(before);
  const are = ids(after);
  return {
    came: after.filter((person) => !were.has(person.id) && person.id !== selfId),
    left: before.filter((person) => !are.has(person.id) && person.id !== selfId),
  };
}
