import { useTranslation } from "react-i18next";

/** Something new is there: a dot for the eyes, words for the ears. */
export function NewDot() {
  const { t } = useTranslation();
  return (
    <>
      <span className="dot" />
      <span className="sr">{t("nav.new")}</span>
    </>
  );
}
