import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { MailX, Send } from "lucide-react";
import { useTranslation } from "react-i18next";
import {
  invitationsQuery,
  resendInvitation,
  revokeInvitation,
  type SentInvitation,
  sendInvitations,
} from "../../api";
import { currentLanguage } from "../../i18n";
import { sayDay } from "../../i18n/dates";
import { Face } from "../../ui/Face";
import { keepPlace } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { Listed } from "../../ui/Lists";
import { Empty } from "../../ui/States";
import { toast } from "../../ui/Toasts";
import { useProblemWords } from "./words";

function Invitation({ slug, invitation }: { slug: string; invitation: SentInvitation }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useProblemWords();
  const { queryKey } = invitationsQuery(slug);
  const again = () => queries.invalidateQueries({ queryKey });
  const name = invitation.person?.name ?? invitation.email;

  const resend = useMutation({
    mutationFn: () => resendInvitation(slug, invitation.id),
    onSuccess: () => toast({ text: t("members.resent", { name }) }),
    onError: (error) => toast({ text: why(error) }),
    onSettled: again,
  });
  const invite = useMutation({
    mutationFn: () =>
      sendInvitations(slug, {
        emails: [invitation.email],
        role: invitation.role,
        until: invitation.member_until ?? null,
      }),
    onError: (error) => toast({ text: why(error) }),
    onSettled: again,
  });
  const revoke = useMutation({
    mutationFn: () => revokeInvitation(slug, invitation.id),
    onSuccess: () =>
      toast({
        text: t("members.revoked", { name }),
        action: { label: t("members.inviteAgain"), run: () => invite.mutate() },
      }),
    onError: (error) => toast({ text: why(error) }),
    onSettled: async () => {
      await again();
      keepPlace("h-sent");
    },
  });

  const facts = [
    t(`members.roles.${invitation.role}`),
    invitation.invited_by ? t("members.invitedBy", { name: invitation.invited_by.name }) : null,
    t("members.expires", { date: sayDay(new Date(invitation.expires_at), currentLanguage()) }),
  ].filter((fact) => fact !== null);
  return (
    <li>
      <div className="row mid" aria-busy={revoke.isPending}>
        <Face id={invitation.person?.id ?? invitation.email} name={name} />
        <div className="grow">
          <p className="strong clip" title={invitation.email}>
            {name}
          </p>
          <p className="meta">{facts.join(" · ")}</p>
        </div>
        <div className="answer">
          <button
            type="button"
            className="btn small edge"
            aria-label={t("members.resendOne", { name })}
            aria-busy={resend.isPending}
            onClick={() => !resend.isPending && resend.mutate()}
          >
            <Icon of={Send} small />
            {t("members.resend")}
          </button>
          <button
            type="button"
            className="btn small"
            aria-label={t("members.revokeOne", { name })}
            aria-busy={revoke.isPending}
            onClick={() => !revoke.isPending && revoke.mutate()}
          >
            {t("members.revoke")}
          </button>
        </div>
      </div>
    </li>
  );
}

/** Invitations that wait for an answer. */
export function SentInvitations({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const list = useInfiniteQuery(invitationsQuery(slug));
  return (
    <section aria-labelledby="h-sent">
      <div className="section-head">
        <h2 id="h-sent">{t("members.sentInvitations")}</h2>
      </div>
      <Listed
        list={list}
        loading={t("members.invitationsLoading")}
        failed={t("members.invitationsFailed")}
        empty={<Empty icon={MailX}>{t("members.noInvitations")}</Empty>}
      >
        {(items) => (
          <ul className="rows framed">
            {items.map((invitation) => (
              <Invitation key={invitation.id} slug={slug} invitation={invitation} />
            ))}
          </ul>
        )}
      </Listed>
    </section>
  );
}
