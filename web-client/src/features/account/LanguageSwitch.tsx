import { useTranslation } from "react-i18next";
import { chooseLanguage, currentLanguage, LANGUAGE_NAMES, LANGUAGES } from "../../i18n";

/** Each language in its own words. */
export function LanguageSwitch() {
  const { t } = useTranslation();
  const now = currentLanguage();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a row of buttons, not a form
    <div className="seg" role="group" aria-label={t("settings.language")}>
      {LANGUAGES.map((language) => (
        <button
          key={language}
          type="button"
          lang={language}
          aria-pressed={language === now}
          onClick={() => void chooseLanguage(language)}
        >
          {LANGUAGE_NAMES[language]}
        </button>
      ))}
    </div>
  );
}
