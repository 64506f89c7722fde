/** What the log of acts calls things, in words. */
import { useTranslation } from "react-i18next";

export const AUDIT_ACTIONS = [
  "community.created",
  "community.changed",
  "community.features",
  "community.archived",
  "community.restored",
  "community.entered",
  "request.sent",
  "request.accepted",
  "request.changes",
  "request.refused",
  "member.joined",
  "member.left",
  "member.removed",
  "member.role",
  "member.end",
  "invitation.sent",
  "invitation.resent",
  "invitation.revoked",
  "invitation.accepted",
  "invitation.declined",
  "join.accepted",
  "join.refused",
  "document.shared",
  "instance.changed",
  "person.role",
  "person.suspended",
  "person.restored",
  "members.exported",
  "audit.exported",
] as const;

export function useActionWords(): (action: string) => string {
  const { t } = useTranslation();
  // An act of a newer server is shown by its own name.
  return (action) => {
    const known = AUDIT_ACTIONS.find((one) => one === action);
    return known ? t(`admin.audit.actions.${known}`) : action;
  };
}
