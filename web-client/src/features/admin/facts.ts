/** What an act of the log tells beyond its name, in words: what changed from what to what, and never a name of the program. */
import type { Language } from "../../i18n";
import { sayDay } from "../../i18n/dates";

/** A word of the interface by its key, or nothing where there is none. */
export type Say = (key: string, values?: Record<string, string>) => string | null;

/** Where the words of a fact's values stand, `*` for the value. */
const VALUES: Record<string, readonly string[]> = {
  visibility: ["communities.visibility.*", "sharing.*.title"],
  joining: ["community.joining.*.title"],
  model: ["requests.models.*.title"],
  role: ["members.roles.*", "people.roles.*"],
  features: ["composition.features.*.name"],
  link: ["sharing.access.*"],
  who_may_create: ["admin.instance.creates.*.title"],
  action: ["admin.audit.actions.*"],
};
const DAYS = new Set(["until", "from", "to"]);
/** Ids say nothing to a reader; the person and the community stand beside the act already. */
const UNSAID = new Set(["invited_by", "actor"]);

function sayValue(name: string, value: unknown, say: Say, language: Language): string {
  if (value === null || value === undefined || value === "") return say("admin.audit.nothingSet") ?? "";
  if (Array.isArray(value))
    return value.length === 0
      ? (say("admin.audit.nothingSet") ?? "")
      : value.map((one) => sayValue(name, one, say, language)).join(", ");
  if (DAYS.has(name)) {
    const day = typeof value === "number" ? new Date(value * 1000) : new Date(`${value}T12:00:00`);
    if (!Number.isNaN(day.getTime())) return sayDay(day, language);
  }
  if (typeof value === "object") return JSON.stringify(value);
  const word = String(value);
  for (const where of VALUES[name] ?? []) {
    const said = say(where.replace("*", word));
    if (said !== null) return said;
  }
  return word;
}

/** Before and after, as the log keeps a change; of features a pair is two lists. */
function asChange(name: string, value: unknown): [unknown, unknown] | null {
  if (!Array.isArray(value) || value.length !== 2 || name === "people") return null;
  return name !== "features" || Array.isArray(value[0]) ? [value[0], value[1]] : null;
}

export function sayFacts(
  details: Readonly<Record<string, unknown>>,
  say: Say,
  language: Language,
): { name: string; label: string; text: string }[] {
  return Object.entries(details).flatMap(([name, value]) => {
    if (UNSAID.has(name) || value === null || value === "") return [];
    const label = say(`admin.audit.facts.${name}`) ?? name;
    if (name === "people" && Array.isArray(value))
      return value.length === 0 ? [] : [{ name, label, text: String(value.length) }];
    const change = asChange(name, value);
    if (!change) return [{ name, label, text: sayValue(name, value, say, language) }];
    const [was, is] = change.map((one) => sayValue(name, one, say, language));
    if (was === is) return [];
    return [{ name, label, text: say("admin.audit.change", { was: was ?? "", is: is ?? "" }) ?? `${is}` }];
  });
}
