import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Archive, ShieldAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { type CommunityPlace, restoreCommunity } from "../../api";
import { currentLanguage } from "../../i18n";
import { sayExactly } from "../../i18n/dates";
import { Icon } from "../../ui/Icon";
import { toast } from "../../ui/Toasts";
import { leads, useProblemWords } from "./words";

/** The community is closed: it is read, and nothing in it changes. */
export function ArchivedNote({ place }: { place: CommunityPlace }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useProblemWords();
  const restore = useMutation({
    mutationFn: () => restoreCommunity(place.slug),
    onSuccess: () => toast({ text: t("community.restored") }),
    onError: (error) => toast({ text: why(error) }),
    onSettled: () => queries.invalidateQueries(),
  });
  if (!place.archived) return null;
  return (
    <div className="note warn comm-note">
      <span className="icon-wrap">
        <Icon of={Archive} />
      </span>
      <div className="line">
        <p className="grow">
          <strong>{t("community.archivedTitle")}</strong> {t("community.archivedText")}
        </p>
        {leads(place.role) ? (
          <button
            type="button"
            className="btn"
            aria-busy={restore.isPending}
            onClick={() => !restore.isPending && restore.mutate()}
          >
            {t("community.restore")}
          </button>
        ) : null}
      </div>
    </div>
  );
}

/** An administrator reads here without belonging: everybody in it is told, and why. */
export function EntryNote({ place }: { place: CommunityPlace }) {
  const { t } = useTranslation();
  const { entry } = place;
  if (!entry) return null;
  const until = sayExactly(new Date(entry.expires_at), currentLanguage());
  return (
    <div className="note info comm-note">
      <span className="icon-wrap">
        <Icon of={ShieldAlert} />
      </span>
      <div>
        <p>
          <strong>{t("community.entryTitle", { name: entry.by.name, until })}</strong>
        </p>
        <p>{t("community.entryReason", { reason: entry.reason })}</p>
      </div>
    </div>
  );
}
