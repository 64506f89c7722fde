/** States of a request in words and drawings. */
import { Check, Clock, type LucideIcon, MessageSquare, PencilLine, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { CommunityRequest, RequestState } from "../../api";
import { Icon } from "../../ui/Icon";
import { When } from "../../ui/When";

const LOOKS: Record<RequestState, { icon: LucideIcon; look: string }> = {
  draft: { icon: PencilLine, look: "" },
  received: { icon: Clock, look: "accent" },
  changes: { icon: MessageSquare, look: "warn" },
  accepted: { icon: Check, look: "ok" },
  refused: { icon: X, look: "danger" },
};

export function StateBadge({ state }: { state: RequestState }) {
  const { t } = useTranslation();
  const { icon, look } = LOOKS[state];
  return (
    <span className={`badge ${look}`.trim()}>
      <Icon of={icon} />
      {t(`requests.states.${state}`)}
    </span>
  );
}

/** "Précision demandée hier, 17 h 30". */
export function LastStep({ request }: { request: CommunityRequest }) {
  const { t } = useTranslation();
  const { state, decided_at, updated_at } = request;
  const at = state === "draft" || state === "received" ? updated_at : (decided_at ?? updated_at);
  return (
    <>
      {t(`requests.lastStep.${state}`)} <When at={at} />
    </>
  );
}
