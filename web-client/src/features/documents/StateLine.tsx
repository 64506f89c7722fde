import { CircleAlert, Cloud, CloudCheck, Eye, LoaderCircle, type LucideIcon, WifiOff } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Line } from "../../sync";
import { announce } from "../../ui/Announcer";
import { Icon } from "../../ui/Icon";
import { toast } from "../../ui/Toasts";

const LOOKS: Record<Line["kind"], { icon: LucideIcon; tone: string }> = {
  opening: { icon: Cloud, tone: "quiet" },
  saved: { icon: CloudCheck, tone: "ok" },
  writing: { icon: Cloud, tone: "writing" },
  saving: { icon: LoaderCircle, tone: "" },
  offline: { icon: WifiOff, tone: "warn" },
  readonly: { icon: Eye, tone: "" },
  failed: { icon: CircleAlert, tone: "danger" },
};

const REFUSALS = ["document-too-large", "update-too-large", "database-away", "too-much-held"] as const;

function knownRefusal(code: string | null): (typeof REFUSALS)[number] | "other" {
  return REFUSALS.find((one) => one === code) ?? "other";
}

function useWords(line: Line): string {
  const { t } = useTranslation();
  switch (line.kind) {
    case "opening":
    case "writing":
      return "";
    case "saved":
      return t("saved.saved");
    case "saving":
      return t("saved.saving");
    case "readonly":
      return t("saved.readonly");
    case "offline":
      return line.changes === 0 ? t("saved.offline") : t("saved.offlineChanges", { count: line.changes });
    case "failed":
      // Nothing was waiting: there is nothing that was not saved.
      if (line.reason === "no-access" && line.changes === 0) return t("saved.noAccess");
      return line.reason === "refused"
        ? t(`saved.refusals.${knownRefusal(line.code)}`)
        : t(`saved.failed.${line.reason}`);
  }
}

/** There to be asked: nothing is wrong, the others only see it a little later. */
function Slower({ behind }: { behind: boolean }) {
  const { t } = useTranslation();
  const why = t("saved.slowerWhy");
  return (
    <button type="button" className="slower" title={why} onClick={() => toast({ text: why })}>
      {behind ? "· " : ""}
      <span>{t("saved.slower")}</span>
    </button>
  );
}

/**
 * Where one's work is, in words. "Saved" leaves the page in the turn in which something is typed, and comes back with
 * the server's answer; what fades meanwhile is only a drawing. It is spoken when its kind changes, not at every key.
 */
export function StateLine({ line, slow = false }: { line: Line; slow?: boolean }) {
  const { t } = useTranslation();
  const words = useWords(line);
  const { icon, tone } = LOOKS[line.kind];
  const spoken = useRef<Line["kind"] | null>(null);
  const { kind } = line;

  useEffect(() => {
    if (kind === "opening" || kind === "writing" || kind === spoken.current) return;
    const first = spoken.current === null;
    spoken.current = kind;
    if (!(first && kind === "saved")) announce(words);
  }, [kind, words]);

  const slower = slow ? `${t("saved.slower")}. ${t("saved.slowerWhy")}` : "";
  useEffect(() => {
    if (slower !== "") announce(slower);
  }, [slower]);

  return (
    <p
      className={`state ${tone}`}
      role="status"
      aria-live="off"
      data-state={kind}
      data-was={kind === "writing" ? t("saved.saved") : undefined}
    >
      <Icon of={icon} turning={kind === "saving"} />
      {words}
      {slow && kind !== "offline" && kind !== "failed" ? <Slower behind={words !== ""} /> : null}
    </p>
  );
}
