/** What the log of acts calls things, in words. */
import { useTranslation } from "react-i18next";
import type french from "../../i18n/locales/fr.json";

type Known = keyof (typeof french)["admin"]["audit"]["actions"];

export const AUDIT_ACTIONS = [
  "request-accepted",
  "request-changes",
  "request-refused",
] as const satisfies readonly Known[];

export function useActionWords(): (action: string) => string {
  const { t } = useTranslation();
  // An act of a newer server is shown by its own name.
  return (action) => {
    const known = AUDIT_ACTIONS.find((one) => one === action);
    return known ? t(`admin.audit.actions.${known}`) : action;
  };
}
