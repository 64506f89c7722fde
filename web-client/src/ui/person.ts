/** Colour and initials of people and communities. Colour is a stable hash of the id onto the ten of the tokens. */

const PARTICLES = new Set([
  "de",
  "du",
  "des",
  "d",
  "la",
  "le",
  "les",
  "l",
  "et",
  "of",
  "the",
  "and",
  "en",
  "à",
  "au",
  "aux",
]);

/** A number from 1 to 10, the same for the same id on every device (FNV-1a, 32 bits). */
export function personNumber(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  }
  return ((hash >>> 0) % 10) + 1;
}

/** Class carrying the colours of a person or of a community. */
export function personClass(id: string): string {
  return `p${personNumber(id)}`;
}

function firstLetter(word: string): string {
  return [...word][0]?.toLocaleUpperCase("fr") ?? "";
}

/** Two letters: first and last word of a person's name. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  const first = words[0] ?? "";
  const last = words.length > 1 ? (words[words.length - 1] ?? "") : "";
  return firstLetter(first) + firstLetter(last);
}

/** Two letters for a community: its first two words that mean something. */
export function tileLetters(name: string): string {
  const words = name
    .split(/[\s'’–-]+/)
    .filter((word) => word && !PARTICLES.has(word.toLocaleLowerCase("fr")));
  const [first, second] = words;
  if (!first) return "";
  return firstLetter(first) + (second ? firstLetter(second) : ([...first][1] ?? "").toLocaleUpperCase("fr"));
}
