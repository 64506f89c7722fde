import { useTranslation } from "react-i18next";
import type { Me } from "../../api";
import { DocumentEditor } from "../../editor";
import { type DocumentSession, useDocumentSession, useSessionState } from "../../sync";
import { TextSkeleton } from "../../ui/States";

function Shown({ session }: { session: DocumentSession }) {
  const { t } = useTranslation();
  const { ready } = useSessionState(session);
  if (!ready) return <TextSkeleton label={t("community.welcomeLoading")} />;
  return (
    <DocumentEditor
      doc={session.doc}
      awareness={null}
      editable={false}
      label={t("community.welcome")}
      toolbarPlace={null}
    />
  );
}

/** The text as it is written now, letter by letter. */
export function WelcomeText({ room, me }: { room: string; me: Me }) {
  const { t } = useTranslation();
  const session = useDocumentSession(
    room,
    { id: me.id, name: me.name, outsider: me.role === "outsider" },
    "read",
  );
  if (!session) return <TextSkeleton label={t("community.welcomeLoading")} />;
  return <Shown session={session} />;
}
