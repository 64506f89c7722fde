import { Check } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { RequestState } from "../../api";
import { Icon } from "../../ui/Icon";

const STEPS = ["describe", "read", "opens"] as const;

/** How far a request has come: which step is the current one, 3 when all are done. */
function progress(state: RequestState): number {
  if (state === "draft" || state === "changes") return 0;
  return state === "accepted" ? 3 : 1;
}

/** The way of a request, and where it is. */
export function Steps({ state }: { state: RequestState }) {
  const { t } = useTranslation();
  const at = progress(state);
  return (
    <ol className="steps top">
      {STEPS.map((step, index) => (
        <li
          key={step}
          className={index < at ? "done" : undefined}
          aria-current={index === at ? "step" : undefined}
        >
          <span className="mark">
            {index < at ? (
              <>
                <Icon of={Check} />
                <span className="sr">{t("requests.stepDone")}</span>
              </>
            ) : (
              index + 1
            )}
          </span>
          <span>
            <strong>{t(`requests.steps.${step}.title`)}</strong>
            <br />
            <span className="meta">{t(`requests.steps.${step}.text`)}</span>
          </span>
        </li>
      ))}
    </ol>
  );
}
