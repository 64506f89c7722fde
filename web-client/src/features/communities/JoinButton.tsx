import { useMutation, useQueryClient } from "@tanstack/react-query";
import { LoaderCircle, LogIn, UserPlus } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { type JoinState, joinCommunity, withdrawJoin } from "../../api";
import { Icon } from "../../ui/Icon";
import { Dialog } from "../../ui/Overlay";
import { toast } from "../../ui/Toasts";
import { useProblemWords } from "./words";

type Joined = { slug: string; name: string; join: { state: JoinState }; role?: string | null };

function AskDialog({
  name,
  onAsk,
  onClose,
}: {
  name: string;
  onAsk: (words: string) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  const [words, setWords] = useState("");
  function send(event: FormEvent): void {
    event.preventDefault();
    onAsk(words.trim());
    onClose();
  }
  return (
    <Dialog title={t("community.askTitle", { name })} onClose={onClose}>
      <form className="form" onSubmit={send}>
        <div className="field">
          <label htmlFor={id}>
            {t("community.askWords")} <span className="meta optional">{t("forms.optional")}</span>
          </label>
          <textarea
            id={id}
            className="textarea short"
            rows={3}
            maxLength={1000}
            value={words}
            aria-describedby={`${id}-hint`}
            onChange={(event) => setWords(event.target.value)}
          />
          <p className="hint" id={`${id}-hint`}>
            {t("community.askHint")}
          </p>
        </div>
        <div className="actions">
          <button type="button" className="btn" onClick={onClose}>
            {t("common.cancel")}
          </button>
          <button type="submit" className="btn primary">
            {t("community.askSend")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** The way in, by the community's own rule: at once, by asking, or only by waiting to be invited. */
export function JoinButton({ community, small = false }: { community: Joined; small?: boolean }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useProblemWords();
  const [asking, setAsking] = useState(false);
  const { slug, name, role, join } = community;
  const after = () => queries.invalidateQueries();
  const enter = useMutation({
    mutationFn: (words: string) => joinCommunity(slug, words),
    onSuccess: () =>
      toast({ text: t(join.state === "open" ? "community.joined" : "community.asked", { name }) }),
    onError: (error) => toast({ text: why(error) }),
    onSettled: after,
  });
  const withdraw = useMutation({
    mutationFn: () => withdrawJoin(slug),
    onSuccess: () => toast({ text: t("community.withdrawn", { name }) }),
    onError: (error) => toast({ text: why(error) }),
    onSettled: after,
  });
  if (role) return null;
  const busy = enter.isPending || withdraw.isPending;
  const look = small ? "btn small" : "btn primary";
  // In a list the name of the community goes with the word.
  const named = (words: string) => (small ? `${words} : ${name}` : undefined);
  if (join.state === "asked") {
    return (
      <button
        type="button"
        className={small ? "btn small" : "btn"}
        aria-busy={busy}
        aria-label={named(t("community.withdraw"))}
        onClick={() => !busy && withdraw.mutate()}
      >
        {busy ? <Icon of={LoaderCircle} small turning /> : null}
        {t("community.withdraw")}
      </button>
    );
  }
  if (join.state === "open") {
    return (
      <button
        type="button"
        className={look}
        aria-busy={busy}
        aria-label={named(t("community.join"))}
        onClick={() => !busy && enter.mutate("")}
      >
        {small ? null : <Icon of={busy ? LoaderCircle : LogIn} small turning={busy} />}
        {t("community.join")}
      </button>
    );
  }
  if (join.state === "approval") {
    return (
      <>
        <button
          type="button"
          className={look}
          aria-busy={busy}
          aria-label={named(t("community.ask"))}
          onClick={() => !busy && setAsking(true)}
        >
          {small ? null : <Icon of={busy ? LoaderCircle : UserPlus} small turning={busy} />}
          {t("community.ask")}
        </button>
        {asking ? (
          <AskDialog name={name} onAsk={(words) => enter.mutate(words)} onClose={() => setAsking(false)} />
        ) : null}
      </>
    );
  }
  return <p className="meta">{t("community.onlyInvited")}</p>;
}
