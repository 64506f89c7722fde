import { useMutation, useQuery } from "@tanstack/react-query";
import { LogIn } from "lucide-react";
import { useTranslation } from "react-i18next";
import { demoQuery, signInAs } from "../../api";
import { Face } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { Failure, RowsSkeleton } from "../../ui/States";

/** The people of the demonstration: one press signs in as one of them. */
export function DemoPeople({ onSignedIn, only }: { onSignedIn: (id: string) => void; only?: string }) {
  const { t } = useTranslation();
  const people = useQuery(demoQuery);
  const signIn = useMutation({ mutationFn: signInAs, onSuccess: (_answer, id) => onSignedIn(id) });

  if (people.isPending) return <RowsSkeleton label={t("signIn.loading")} />;
  if (people.isError) return <Failure what={t("signIn.failed")} retry={() => void people.refetch()} />;
  if (people.data === null) return <p className="note">{t("signIn.none")}</p>;
  const shown = only ? people.data.filter((person) => person.id === only) : people.data;
  return (
    <>
      <ul className="demo-people">
        {shown.map((person) => (
          <li key={person.id}>
            <button
              type="button"
              className="demo-person"
              aria-busy={signIn.isPending && signIn.variables === person.id}
              onClick={() => !signIn.isPending && signIn.mutate(person.id)}
            >
              <Face id={person.id} name={person.name} outsider={person.role === "outsider"} />
              <span className="grow">
                <span className="demo-name">{person.name}</span>
                <span className="meta">{t(`people.roles.${person.role}`)}</span>
              </span>
              <Icon of={LogIn} small />
            </button>
          </li>
        ))}
      </ul>
      {signIn.isError ? (
        <p className="error" role="alert">
          {t("signIn.refused")}
        </p>
      ) : null}
    </>
  );
}
