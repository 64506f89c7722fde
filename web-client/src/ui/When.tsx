import { useTranslation } from "react-i18next";
import { currentLanguage } from "../i18n";
import { sayExactly, sayWhen } from "../i18n/dates";

/** A date as people say it; the exact one is its title. */
export function When({ at }: { at: string }) {
  useTranslation();
  const date = new Date(at);
  const language = currentLanguage();
  return (
    <time dateTime={at} title={sayExactly(date, language)}>
      {sayWhen(date, new Date(), language)}
    </time>
  );
}
