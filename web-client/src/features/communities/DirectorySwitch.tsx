import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

/** Being inside a place is not being at it. */
const EXACT = { exact: true } as const;

/** The two halves of the directory. */
export function DirectorySwitch() {
  const { t } = useTranslation();
  return (
    <nav className="seg" aria-label={t("nav.directory")}>
      <Link activeOptions={EXACT} to="/communities">
        {t("directory.communities")}
      </Link>
      <Link activeOptions={EXACT} to="/people">
        {t("directory.people")}
      </Link>
    </nav>
  );
}
