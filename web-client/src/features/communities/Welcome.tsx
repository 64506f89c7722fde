import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Pencil } from "lucide-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { documentQuery, type Me, Problem } from "../../api";
import { Icon } from "../../ui/Icon";
import { TextSkeleton } from "../../ui/States";
import { When } from "../../ui/When";

/** The text comes with the editor's code, after the page. */
const WelcomeText = lazy(async () => ({ default: (await import("./WelcomeText")).WelcomeText }));

/** What the community says of itself: a document that is written elsewhere and read here. */
export function Welcome({ id, me }: { id: string; me: Me }) {
  const { t } = useTranslation();
  const document = useQuery(documentQuery(id));
  const facts = document.data;
  if (document.error instanceof Problem) return null;
  const mayWrite = facts?.access === "write" || facts?.access === "manage";
  return (
    <section aria-labelledby="h-welcome" className="welcome">
      <h2 id="h-welcome" className="sr">
        {t("community.welcome")}
      </h2>
      {facts ? (
        <Suspense fallback={<TextSkeleton label={t("community.welcomeLoading")} />}>
          <WelcomeText key={facts.room} room={facts.room} me={me} />
        </Suspense>
      ) : (
        <TextSkeleton label={t("community.welcomeLoading")} />
      )}
      {facts ? (
        <p className="meta line after">
          {facts.updated_by ? (
            <>
              <Icon of={Pencil} small />
              <span>
                {t("documents.changedBy", { name: facts.updated_by.name })}, <When at={facts.updated_at} />
              </span>
            </>
          ) : null}
          {mayWrite ? (
            <Link to="/d/$id" params={{ id }}>
              {t("community.editWelcome")}
            </Link>
          ) : null}
        </p>
      ) : null}
    </section>
  );
}
