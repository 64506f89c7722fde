import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { LoaderCircle } from "lucide-react";
import { useTranslation } from "react-i18next";
import { acceptInvitation, declineInvitation, type InvitationForMe, Problem } from "../../../api";
import { currentLanguage } from "../../../i18n";
import { sayDay, sayExactly } from "../../../i18n/dates";
import { Tile } from "../../../ui/Face";
import { keepPlace } from "../../../ui/hooks";
import { Icon } from "../../../ui/Icon";
import { toast } from "../../../ui/Toasts";
import { bringBack, putAside } from "./declined";

/** An invitation, and the answer to it. */
export function Invitation({ invitation }: { invitation: InvitationForMe }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { community, invited_by, role } = invitation;
  const expires = new Date(invitation.expires_at);
  const language = currentLanguage();
  // Whatever came of it, the lists of communities may have changed as well.
  const after = () => queries.invalidateQueries();
  const onError = (error: Error) =>
    toast({
      text: t(
        error instanceof Problem && error.status !== 429 ? "home.invitation.gone" : "home.invitation.failed",
      ),
    });
  const accept = useMutation({
    mutationFn: () => acceptInvitation(invitation.id),
    onSuccess: () =>
      toast({
        text: t("home.invitation.accepted", { name: community.name }),
        action: {
          label: t("home.invitation.open"),
          run: () => void navigate({ to: "/c/$slug", params: { slug: community.slug } }),
        },
      }),
    onError,
    onSettled: after,
  });
  // Sent when the message goes: until then nobody else was told, and it can be taken back.
  const decline = useMutation({
    mutationFn: () => declineInvitation(invitation.id),
    onError,
    onSettled: async () => {
      await after();
      bringBack(invitation.id);
    },
  });
  function putOff(): void {
    putAside(invitation.id);
    toast({
      text: t("home.invitation.declined", { name: community.name }),
      undo: () => {
        bringBack(invitation.id);
        toast({ text: t("home.invitation.kept", { name: community.name }) });
      },
      otherwise: () => decline.mutate(),
    });
    keepPlace("h-awaited");
  }
  const facts = [
    t(`home.kinds.${community.visibility}`, { count: community.members_count }),
    t(`home.invitedAs.${role}`),
  ];
  return (
    <li>
      <div className="row">
        <Tile id={community.slug} name={community.name} size="md" />
        <div className="grow">
          <p className="strong">
            {invited_by
              ? t("home.invitation.by", { person: invited_by.name, name: community.name })
              : t("home.invitation.to", { name: community.name })}
          </p>
          {community.purpose ? <p className="two-lines">{community.purpose}</p> : null}
          <p className="meta">
            {facts.join(" · ")} ·{" "}
            <time dateTime={invitation.expires_at} title={sayExactly(expires, language)}>
              {t("home.invitation.expires", { day: sayDay(expires, language) })}
            </time>
          </p>
        </div>
        <div className="answer">
          <button
            type="button"
            className="btn small edge"
            aria-busy={accept.isPending}
            aria-label={t("home.invitation.acceptNamed", { name: community.name })}
            onClick={() => !accept.isPending && accept.mutate()}
          >
            {accept.isPending ? <Icon of={LoaderCircle} small /> : null}
            {t("home.invitation.accept")}
          </button>
          <button
            type="button"
            className="btn small"
            aria-label={t("home.invitation.declineNamed", { name: community.name })}
            onClick={() => !accept.isPending && putOff()}
          >
            {t("home.invitation.decline")}
          </button>
        </div>
      </div>
    </li>
  );
}
