import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Inbox, MessageSquare } from "lucide-react";
import { useTranslation } from "react-i18next";
import { type Me, myInvitationsQuery, myRequestsQuery } from "../../../api";
import { Icon } from "../../../ui/Icon";
import { Refused } from "../../../ui/Lists";
import { useDeclined } from "./declined";
import { Invitation } from "./Invitation";

/** What waits for my answer: invitations, requests sent back with a question, and for administrators the queue. */
export function Awaited({ me }: { me: Me }) {
  const { t } = useTranslation();
  const invitations = useQuery(myInvitationsQuery);
  const requests = useQuery({ ...myRequestsQuery, enabled: me.may_request });
  const sentBack = (requests.data ?? []).filter((request) => request.state === "changes");
  const declined = useDeclined();
  const invited = (invitations.data ?? []).filter((one) => !declined.has(one.id));
  const queue = me.is_administrator ? me.requests_count : 0;
  const failed = invitations.isError && me.invitations_count > 0;
  if (invited.length + sentBack.length + queue === 0 && !failed) return null;
  return (
    <section aria-labelledby="h-awaited">
      <div className="section-head">
        <h2 id="h-awaited">{t("home.awaited")}</h2>
      </div>
      {failed ? (
        <Refused
          error={invitations.error}
          failed={t("home.invitation.loadFailed")}
          retry={() => void invitations.refetch()}
        />
      ) : null}
      <ul className="rows framed">
        {invited.map((invitation) => (
          <Invitation key={invitation.id} invitation={invitation} />
        ))}
        {sentBack.map((request) => (
          <li key={request.id}>
            <div className="row">
              <span className="glyph">
                <Icon of={MessageSquare} />
              </span>
              <div className="grow">
                <p>
                  <Link className="cover" to="/requests/$id" params={{ id: request.id }}>
                    {t("home.sentBack", { name: request.name })}
                  </Link>
                </p>
                {request.reason ? <p className="two-lines">{request.reason}</p> : null}
                {request.decided_by ? <p className="meta">{request.decided_by.name}</p> : null}
              </div>
            </div>
          </li>
        ))}
        {queue > 0 ? (
          <li>
            <div className="row mid">
              <span className="glyph">
                <Icon of={Inbox} />
              </span>
              <div className="grow">
                <p>
                  <Link className="cover" to="/admin/requests">
                    {t("home.queue", { count: queue })}
                  </Link>
                </p>
                <p className="meta">{t("nav.administration")}</p>
              </div>
            </div>
          </li>
        ) : null}
      </ul>
    </section>
  );
}
