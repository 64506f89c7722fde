/** What communities are called in words, and their drawings. */
import {
  BookOpen,
  CircleQuestionMark,
  DoorOpen,
  EyeOff,
  FileText,
  Globe,
  Lock,
  type LucideIcon,
  Newspaper,
} from "lucide-react";
import { useTranslation } from "react-i18next";
import { type CommunityRole, type Feature, Problem } from "../../api";
import { Face } from "../../ui/Face";
import { Icon } from "../../ui/Icon";

export const VISIBILITY_ICONS = { public: Globe, private: Lock, secret: EyeOff } as const;
export const FEATURE_ICONS: Record<Feature, LucideIcon> = {
  documents: FileText,
  wiki: BookOpen,
  posts: Newspaper,
  faq: CircleQuestionMark,
};
export const ROLES: readonly CommunityRole[] = ["leader", "moderator", "member", "reader"];

export function leads(role: CommunityRole | null | undefined): boolean {
  return role === "leader";
}
export function moderates(role: CommunityRole | null | undefined): boolean {
  return role === "leader" || role === "moderator";
}
export function writes(role: CommunityRole | null | undefined): boolean {
  return role !== null && role !== undefined && role !== "reader";
}

export function OutsiderBadge() {
  const { t } = useTranslation();
  return (
    <span className="badge warn">
      <Icon of={DoorOpen} />
      {t("people.outsider")}
    </span>
  );
}

type Shown = { id: string; name: string; service?: string | null; outsider: boolean };

/** Face, name, and a line below. */
export function PersonLine({
  person,
  selfId,
  live,
  second,
}: {
  person: Shown;
  selfId: string;
  /** They are here at this moment. */
  live?: boolean;
  second?: string | null;
}) {
  const { t } = useTranslation();
  const below = second === undefined ? person.service : second;
  return (
    <span className="person">
      <Face id={person.id} name={person.name} outsider={person.outsider} live={live} />
      <span>
        <span className="line tight">
          <span className="pname">{person.name}</span>
          {person.id === selfId ? <span className="meta">{t("people.you")}</span> : null}
          {person.outsider ? <OutsiderBadge /> : null}
        </span>
        {below ? <span className="meta clip">{below}</span> : null}
      </span>
    </span>
  );
}

/** Why something was not done, for a brief message. */
export function useProblemWords(): (error: unknown) => string {
  const { t } = useTranslation();
  return (error) => {
    if (!(error instanceof Problem)) return t("community.problems.offline");
    if (error.code === "last-leader") return t("community.problems.lastLeader");
    if (error.status === 403) return t("community.problems.forbidden");
    if (error.status === 404) return t("community.problems.gone");
    if (error.status === 429) return t("community.problems.tooMany");
    return t("community.problems.other");
  };
}
