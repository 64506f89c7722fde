/**
 * Words of the interface. The language follows the browser until somebody chooses one; the choice stays on this
 * device, and <html lang> follows. Only the language in use is loaded.
 */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type french from "./locales/fr.json";

export type Language = "fr" | "en";
export const LANGUAGES: readonly Language[] = ["fr", "en"];
export const LANGUAGE_NAMES: Record<Language, string> = { fr: "Français", en: "English" };

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof french };
  }
}

const KEY = "unisson.language";

function isLanguage(tag: string | null | undefined): tag is Language {
  return tag === "fr" || tag === "en";
}

/** The first of `wanted` that the interface speaks, else English. */
export function pickLanguage(chosen: string | null, wanted: readonly string[]): Language {
  if (isLanguage(chosen)) return chosen;
  for (const tag of wanted) {
    const base = tag.slice(0, 2).toLowerCase();
    if (isLanguage(base)) return base;
  }
  return "en";
}

function keptChoice(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

async function load(language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, "translation")) return;
  const words =
    language === "fr"
      ? (await import("./locales/fr.json")).default
      : (await import("./locales/en.json")).default;
  i18next.addResourceBundle(language, "translation", words);
}

export function currentLanguage(): Language {
  return isLanguage(i18next.language) ? i18next.language : "en";
}

export async function startLanguage(): Promise<void> {
  const language = pickLanguage(keptChoice(), navigator.languages);
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: {},
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  await load(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

/** Switches at once and keeps the choice on this device. */
export async function chooseLanguage(language: Language): Promise<void> {
  await load(language);
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Nothing can be kept here: the choice holds until the tab closes.
  }
  document.documentElement.lang = language;
  await i18next.changeLanguage(language);
}
