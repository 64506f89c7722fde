import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  CircleAlert,
  CircleCheck,
  CircleMinus,
  DoorOpen,
  LoaderCircle,
  type LucideIcon,
  Send,
} from "lucide-react";
import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type CommunityRole, checkInvitations, type InvitationLine, sendInvitations } from "../../api";
import { currentLanguage } from "../../i18n";
import { sayDay } from "../../i18n/dates";
import { announce } from "../../ui/Announcer";
import { Icon } from "../../ui/Icon";
import { useSettled } from "../../ui/Lists";
import { toast } from "../../ui/Toasts";
import { ROLES, useProblemWords } from "./words";

const FIRST_SHOWN = 6;
const HALF_A_YEAR_DAYS = 182;

const LOOKS: Record<InvitationLine["result"], LucideIcon> = {
  ok: CircleCheck,
  outsider: DoorOpen,
  invited: CircleMinus,
  member: CircleMinus,
  duplicate: CircleMinus,
  invalid: CircleAlert,
  later: CircleMinus,
};
/** What asks for a hand comes first, then what will not be sent. */
const ORDER: InvitationLine["result"][] = [
  "invalid",
  "later",
  "invited",
  "member",
  "duplicate",
  "outsider",
  "ok",
];

/** "2027-05-24", as a field for dates wants it. */
export function dayOf(date: Date): string {
  return new Intl.DateTimeFormat("sv-SE").format(date);
}

export function dayFromNow(days: number): string {
  const day = new Date();
  day.setDate(day.getDate() + days);
  return dayOf(day);
}

/** The server's word for: somebody from outside can't have that role. */
const ROLE_HINT = "role";

/** To the end of that day, where the leader is; null without a day. */
export function endOfDay(day: string): string | null {
  const end = new Date(`${day}T23:59:59`);
  return Number.isNaN(end.getTime()) ? null : end.toISOString();
}

function leaves(line: InvitationLine): boolean {
  return line.result === "ok" || line.result === "outsider";
}

function useLineWords(): (line: InvitationLine) => string {
  const { t } = useTranslation();
  return (line) => {
    if (line.result === "outsider") {
      return line.until
        ? t("members.lines.outsiderUntil", { date: sayDay(new Date(line.until), currentLanguage()) })
        : t("members.lines.outsider");
    }
    if (line.result === "invalid" && line.hint === ROLE_HINT) return t("members.lines.notForOutsiders");
    return t(`members.lines.${line.result}`);
  };
}

/** The corrected address, when the server sees what was meant. */
function meant(line: InvitationLine): string | null {
  return line.result === "invalid" && line.hint?.includes("@") ? line.hint : null;
}

type ResultsProps = {
  lines: InvitationLine[];
  onMend: (line: InvitationLine) => void;
};

function Results({ lines, onMend }: ResultsProps) {
  const { t } = useTranslation();
  const words = useLineWords();
  const [all, setAll] = useState(false);
  const sorted = [...lines].sort((a, b) => ORDER.indexOf(a.result) - ORDER.indexOf(b.result));
  const shown = all ? sorted : sorted.slice(0, FIRST_SHOWN);
  const hidden = sorted.length - shown.length;
  return (
    <>
      <ul className="result-list" aria-labelledby="h-results">
        {shown.map((line, at) => {
          const mended = meant(line);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: the same address may stand there twice
            <li className="result" data-result={line.result} key={`${line.input} ${at}`}>
              <Icon of={LOOKS[line.result]} />
              <span className="clip" title={line.email ?? line.input}>
                {line.name ?? line.email ?? line.input}
              </span>
              <span className="what meta line">
                <span>{mended ? t("members.lines.meant", { email: mended }) : words(line)}</span>
                {line.result === "invalid" && line.hint !== ROLE_HINT ? (
                  <button
                    type="button"
                    className="btn plain small"
                    aria-label={t("members.mendOne", { address: line.input })}
                    onClick={() => onMend(line)}
                  >
                    {t("members.mend")}
                  </button>
                ) : null}
              </span>
            </li>
          );
        })}
      </ul>
      {hidden > 0 ? (
        <p className="meta more-res">
          <button type="button" className="btn plain small" onClick={() => setAll(true)}>
            {t("members.showOthers", { count: hidden })}
          </button>
        </p>
      ) : null}
    </>
  );
}

/** Addresses pasted as they come; what will become of each is said before anything is sent. */
export function InvitePanel({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useProblemWords();
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");
  const [role, setRole] = useState<CommunityRole>("member");
  const [until, setUntil] = useState(() => dayFromNow(HALF_A_YEAR_DAYS));
  const settled = useSettled(text, 400);
  const end = endOfDay(until);
  const wanted = { text: settled, role, until: end };
  const checked = useQuery({
    queryKey: ["community", slug, "check", wanted],
    enabled: settled.trim() !== "",
    staleTime: 30_000,
    placeholderData: (before) => before,
    queryFn: () => checkInvitations(slug, wanted),
  });
  const lines = text.trim() === "" ? [] : (checked.data?.lines ?? []);
  const ready = lines.filter(leaves);
  const wrong = lines.filter((line) => line.result === "invalid");
  const outsiders = lines.some((line) => line.result === "outsider");
  const current = settled === text && !checked.isPlaceholderData && !checked.isFetching;

  const send = useMutation({
    mutationFn: () =>
      sendInvitations(slug, {
        emails: ready.map((line) => line.email ?? line.input),
        role,
        until: end,
      }),
    onSuccess: (answered) => {
      const sent = answered.lines.filter(leaves).length;
      const told = t("members.sent", { count: sent });
      toast({ text: wrong.length > 0 ? `${told} ${t("members.toMend", { count: wrong.length })}` : told });
      announce(told);
      setText(wrong.map((line) => line.input).join("\n"));
      void queries.invalidateQueries({ queryKey: ["community", slug] });
      field.current?.focus();
    },
    onError: (error) => toast({ text: why(error) }),
  });

  function mend(line: InvitationLine): void {
    const area = field.current;
    const from = text.indexOf(line.input);
    const mended = meant(line);
    if (mended && from >= 0) setText(text.slice(0, from) + mended + text.slice(from + line.input.length));
    if (!area) return;
    area.focus();
    if (!mended && from >= 0) area.setSelectionRange(from, from + line.input.length);
  }

  return (
    <section className="card invite" aria-labelledby="h-invite">
      <div>
        <h2 id="h-invite">{t("members.invite")}</h2>
        <div className="field top">
          <label htmlFor={`${id}-text`}>{t("members.addresses")}</label>
          <textarea
            ref={field}
            id={`${id}-text`}
            className="textarea"
            rows={7}
            value={text}
            spellCheck={false}
            autoCapitalize="off"
            aria-describedby={`${id}-hint`}
            onChange={(event) => setText(event.target.value)}
          />
          <p className="hint" id={`${id}-hint`}>
            {t("members.addressesHint")}
          </p>
        </div>
        <div className="two-fields top">
          <div className="field">
            <label htmlFor={`${id}-role`}>{t("members.role")}</label>
            <select
              id={`${id}-role`}
              className="select"
              aria-describedby={`${id}-role-hint`}
              value={role}
              onChange={(event) => setRole(event.target.value as CommunityRole)}
            >
              {[...ROLES].reverse().map((one) => (
                <option key={one} value={one}>
                  {t(`members.roles.${one}`)}
                </option>
              ))}
            </select>
            <p className="hint" id={`${id}-role-hint`}>
              {t(`members.roleHints.${role}`)}
            </p>
          </div>
          <div className="field">
            <label htmlFor={`${id}-until`}>{t("members.outsidersUntil")}</label>
            <input
              id={`${id}-until`}
              className="input"
              type="date"
              min={dayFromNow(1)}
              value={until}
              aria-describedby={`${id}-until-hint`}
              onChange={(event) => setUntil(event.target.value)}
            />
            <p className="hint" id={`${id}-until-hint`}>
              {t("members.outsidersUntilHint")}
            </p>
          </div>
        </div>
      </div>
      <div>
        <h3 className="res-title" id="h-results" aria-live="polite">
          {lines.length > 0
            ? [
                t("members.checked", { count: lines.length }),
                t("members.toInvite", { count: ready.length }),
                ...(wrong.length > 0 ? [t("members.toMendShort", { count: wrong.length })] : []),
              ].join(" ")
            : t("members.checkTitle")}
        </h3>
        {lines.length > 0 ? (
          <Results lines={lines} onMend={mend} />
        ) : checked.isError && text.trim() !== "" ? (
          <p className="muted top">{why(checked.error)}</p>
        ) : (
          <p className="muted top">{t("members.checkHint")}</p>
        )}
        {outsiders ? (
          <div className="note warn top">
            <span className="icon-wrap">
              <Icon of={DoorOpen} />
            </span>
            <div>
              <p>{t("members.outsiderNote")}</p>
            </div>
          </div>
        ) : null}
        <div className="actions top">
          <button
            type="button"
            className="btn primary"
            aria-busy={send.isPending}
            aria-disabled={ready.length === 0 || !current || undefined}
            onClick={() => ready.length > 0 && current && !send.isPending && send.mutate()}
          >
            <Icon of={send.isPending ? LoaderCircle : Send} small turning={send.isPending} />
            {send.isPending ? t("forms.busy") : t("members.send", { count: ready.length })}
          </button>
          {text === "" ? null : (
            <button
              type="button"
              className="btn"
              onClick={() => {
                setText("");
                field.current?.focus();
              }}
            >
              {t("members.clear")}
            </button>
          )}
        </div>
      </div>
    </section>
  );
}
