/** Dates as people say them, in both languages; the exact one goes in the title. */
import type { Language } from "./index";

const NBSP = "\u00a0";

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** "9 h 41" or "09:41". */
export function sayTime(date: Date, language: Language): string {
  const minutes = String(date.getMinutes()).padStart(2, "0");
  if (language === "en") return `${String(date.getHours()).padStart(2, "0")}:${minutes}`;
  return minutes === "00" ? `${date.getHours()}${NBSP}h` : `${date.getHours()}${NBSP}h${NBSP}${minutes}`;
}

function dayAndMonth(date: Date, language: Language, withYear: boolean): string {
  const month = new Intl.DateTimeFormat(language, { month: "long" }).format(date);
  const day = language === "fr" && date.getDate() === 1 ? "1er" : String(date.getDate());
  return `${day}${NBSP}${month}${withYear ? `${NBSP}${date.getFullYear()}` : ""}`;
}

/** "9 h 41" today, "hier, 17 h 30", "vendredi" within the week, "17 novembre", "3 mars 2025". */
export function sayWhen(date: Date, now: Date, language: Language): string {
  const days = Math.round((startOfDay(now) - startOfDay(date)) / 86_400_000);
  if (days <= 0) return sayTime(date, language);
  if (days === 1) return `${language === "fr" ? "hier" : "yesterday"}, ${sayTime(date, language)}`;
  if (days < 7) return new Intl.DateTimeFormat(language, { weekday: "long" }).format(date);
  return dayAndMonth(date, language, date.getFullYear() !== now.getFullYear());
}

/** "mardi 24 novembre 2026, 9 h 41". */
export function sayExactly(date: Date, language: Language): string {
  const weekday = new Intl.DateTimeFormat(language, { weekday: "long" }).format(date);
  return `${weekday} ${dayAndMonth(date, language, true)}, ${sayTime(date, language)}`;
}

/** "Mardi 24 novembre". */
export function sayToday(now: Date, language: Language): string {
  const weekday = new Intl.DateTimeFormat(language, { weekday: "long" }).format(now);
  return `${weekday.charAt(0).toLocaleUpperCase(language)}${weekday.slice(1)} ${dayAndMonth(now, language, false)}`;
}

/** "24 mai", "24 mai 2027" when it isn't this year. */
export function sayDay(date: Date, language: Language): string {
  return dayAndMonth(date, language, date.getFullYear() !== new Date().getFullYear());
}
