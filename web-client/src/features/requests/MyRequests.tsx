import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { CommunityRequest } from "../../api";
import { LastStep, StateBadge } from "./words";

/** Requests as rows: name, what happened last, state. */
export function RequestRows({ requests }: { requests: readonly CommunityRequest[] }) {
  const { t } = useTranslation();
  return (
    <ul className="rows">
      {requests.map((request) => (
        <li key={request.id}>
          <div className="row">
            <div className="grow">
              <p>
                <Link className="cover" to="/requests/$id" params={{ id: request.id }}>
                  {request.name || t("requests.unnamed")}
                </Link>
              </p>
              <p className="meta">
                <LastStep request={request} />
              </p>
            </div>
            <StateBadge state={request.state} />
          </div>
        </li>
      ))}
    </ul>
  );
}
