import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { type CommunityPlace, leaveCommunity, memberListQuery, Problem } from "../../api";
import { FieldError } from "../../ui/Fields";
import { Dialog } from "../../ui/Overlay";
import { toast } from "../../ui/Toasts";
import { leads, useProblemWords } from "./words";

/** Who may take over: people of the house who are in it. */
function useSuccessors(slug: string, selfId: string, wanted: boolean) {
  const list = useInfiniteQuery({
    ...memberListQuery(slug, { q: "", role: null, outsiders: false }),
    enabled: wanted,
  });
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  return rows.filter((row) => row.id !== selfId && !row.outsider);
}

/** Leaving; the only one who leads names who comes after. */
export function LeaveDialog({
  place,
  selfId,
  onClose,
}: {
  place: CommunityPlace;
  selfId: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const why = useProblemWords();
  const id = useId();
  const [successor, setSuccessor] = useState("");
  const [asked, setAsked] = useState(false);
  const others = place.leaders.filter((leader) => leader.id !== selfId);
  const last = leads(place.role) && others.length === 0;
  const people = useSuccessors(place.slug, selfId, last);
  const leave = useMutation({
    mutationFn: () => leaveCommunity(place.slug, last ? successor : null),
    onSuccess: async () => {
      onClose();
      toast({ text: t("members.left", { name: place.name }) });
      await navigate({ to: "/" });
      queries.removeQueries({ queryKey: ["community", place.slug] });
      await queries.invalidateQueries();
    },
    onError: (error) => {
      toast({ text: why(error) });
      if (error instanceof Problem && error.code === "last-leader")
        void queries.invalidateQueries({ queryKey: ["community", place.slug] });
    },
  });

  function send(event: FormEvent): void {
    event.preventDefault();
    if (last && successor === "") {
      setAsked(true);
      document.getElementById(id)?.focus();
      return;
    }
    if (!leave.isPending) leave.mutate();
  }

  const missing = asked && successor === "";
  return (
    <Dialog title={t("members.leaveTitle", { name: place.name })} onClose={onClose}>
      <p>{t(place.joining === "open" ? "members.leaveOpen" : "members.leaveClosed")}</p>
      <form className="form top" onSubmit={send} noValidate>
        {last ? (
          <div className="field">
            <label htmlFor={id}>{t("members.successor")}</label>
            <select
              id={id}
              className="select"
              value={successor}
              aria-invalid={missing}
              aria-describedby={missing ? `${id}-error ${id}-hint` : `${id}-hint`}
              onChange={(event) => setSuccessor(event.target.value)}
            >
              <option value="">{t("members.successorChoose")}</option>
              {people.map((row) => (
                <option key={row.id} value={row.id}>
                  {row.service ? `${row.name}, ${row.service}` : row.name}
                </option>
              ))}
            </select>
            {missing ? <FieldError id={`${id}-error`}>{t("members.successorMissing")}</FieldError> : null}
            <p className="hint" id={`${id}-hint`}>
              {t("members.lastLeader")}
            </p>
          </div>
        ) : null}
        <div className="actions">
          <button type="button" className="btn" onClick={onClose}>
            {t("members.stay")}
          </button>
          <button type="submit" className="btn danger" aria-busy={leave.isPending}>
            {t("members.leaveDo")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
