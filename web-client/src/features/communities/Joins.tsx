import { type InfiniteData, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { UserRoundCheck } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { answerJoin, type JoinRequest, joinsQuery, type Page } from "../../api";
import { Face } from "../../ui/Face";
import { keepPlace } from "../../ui/hooks";
import { Listed } from "../../ui/Lists";
import { Dialog } from "../../ui/Overlay";
import { Empty } from "../../ui/States";
import { toast } from "../../ui/Toasts";
import { When } from "../../ui/When";
import { OutsiderBadge, useProblemWords } from "./words";

function RefuseDialog({
  name,
  onRefuse,
  onClose,
}: {
  name: string;
  onRefuse: (reason: string) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  const [reason, setReason] = useState("");
  function send(event: FormEvent): void {
    event.preventDefault();
    onRefuse(reason.trim());
    onClose();
  }
  return (
    <Dialog title={t("members.refuseTitle", { name })} onClose={onClose}>
      <form className="form" onSubmit={send}>
        <div className="field">
          <label htmlFor={id}>
            {t("members.refuseReason")} <span className="meta optional">{t("forms.optional")}</span>
          </label>
          <textarea
            id={id}
            className="textarea short"
            rows={3}
            maxLength={1000}
            value={reason}
            aria-describedby={`${id}-hint`}
            onChange={(event) => setReason(event.target.value)}
          />
          <p className="hint" id={`${id}-hint`}>
            {t("members.refuseHint")}
          </p>
        </div>
        <div className="actions">
          <button type="button" className="btn" onClick={onClose}>
            {t("common.cancel")}
          </button>
          <button type="submit" className="btn danger">
            {t("members.refuse")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Asking({ slug, join }: { slug: string; join: JoinRequest }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useProblemWords();
  const [refusing, setRefusing] = useState(false);
  const { queryKey } = joinsQuery(slug);
  const { name } = join.person;
  const answer = useMutation({
    mutationFn: (given: { accept: boolean; reason?: string }) => answerJoin(slug, join.id, given),
    onMutate: async () => {
      await queries.cancelQueries({ queryKey });
      const before = queries.getQueryData(queryKey);
      queries.setQueryData(queryKey, (data: InfiniteData<Page<JoinRequest>> | undefined) =>
        data
          ? {
              ...data,
              pages: data.pages.map((page) => ({
                ...page,
                items: page.items.filter((one) => one.id !== join.id),
              })),
            }
          : data,
      );
      return { before };
    },
    onSuccess: (_done, given) =>
      toast({ text: t(given.accept ? "members.accepted" : "members.refused", { name }) }),
    onError: (error, _given, context) => {
      queries.setQueryData(queryKey, context?.before);
      toast({ text: why(error) });
    },
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: ["community", slug] });
      keepPlace("h-joins");
    },
  });
  return (
    <li>
      <div className="row mid">
        <Face id={join.person.id} name={name} outsider={join.person.outsider} />
        <div className="grow">
          <p className="line tight">
            <span className="strong">{name}</span>
            {join.person.outsider ? <OutsiderBadge /> : null}
          </p>
          <p className="meta">
            {join.person.service ? `${join.person.service} · ` : ""}
            {join.message ? t("members.theirWords", { text: join.message }) : null}
            {join.message ? " · " : ""}
            <When at={join.created_at} />
          </p>
        </div>
        <div className="answer">
          <button
            type="button"
            className="btn small edge"
            aria-label={t("members.acceptOne", { name })}
            onClick={() => answer.mutate({ accept: true })}
          >
            {t("members.accept")}
          </button>
          <button
            type="button"
            className="btn small"
            aria-label={t("members.refuseOne", { name })}
            onClick={() => setRefusing(true)}
          >
            {t("members.refuse")}
          </button>
        </div>
      </div>
      {refusing ? (
        <RefuseDialog
          name={name}
          onRefuse={(reason) => answer.mutate(reason ? { accept: false, reason } : { accept: false })}
          onClose={() => setRefusing(false)}
        />
      ) : null}
    </li>
  );
}

/** Who asks to come in. `quiet`: nothing at all when nobody does. */
export function Joins({ slug, quiet = false }: { slug: string; quiet?: boolean }) {
  const { t } = useTranslation();
  const list = useInfiniteQuery(joinsQuery(slug));
  if (quiet && !list.data?.pages.some((page) => page.items.length > 0)) return null;
  return (
    <section aria-labelledby="h-joins">
      <div className="section-head">
        <h2 id="h-joins">{t("members.joins")}</h2>
      </div>
      <Listed
        list={list}
        loading={t("members.joinsLoading")}
        failed={t("members.joinsFailed")}
        empty={<Empty icon={UserRoundCheck}>{t("members.noJoins")}</Empty>}
      >
        {(items) => (
          <ul className="rows framed">
            {items.map((join) => (
              <Asking key={join.id} slug={slug} join={join} />
            ))}
          </ul>
        )}
      </Listed>
    </section>
  );
}
