/** What a request must say before it is handed in. */
import type { Written } from "./draft";

export type Fault = { field: "name" | "purpose" | "joining" | "features"; words: string };

export const NAME_LENGTH = 120;
export const PURPOSE_LENGTH = 1000;
const NAME_AT_LEAST = 3;
const PURPOSE_AT_LEAST = 20;

/** `words` are keys under `requests.faults`. */
export function faultsOf({ name, purpose, visibility, joining, features }: Written) {
  const faults: {
    field: Fault["field"];
    words: "nameShort" | "purposeShort" | "secretOpen" | "noFeature";
  }[] = [];
  if (name.trim().length < NAME_AT_LEAST) faults.push({ field: "name", words: "nameShort" });
  if (purpose.trim().length < PURPOSE_AT_LEAST) faults.push({ field: "purpose", words: "purposeShort" });
  if (visibility === "secret" && joining !== "invitation")
    faults.push({ field: "joining", words: "secretOpen" });
  if (features.length === 0) faults.push({ field: "features", words: "noFeature" });
  return faults;
}
