import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { type CommunityPlace, type HereNow, hereQuery } from "../../api";
import { NamedFace } from "../../ui/Face";
import { PersonLine } from "./words";

const MOST_FACES = 3;
const MOST_LINES = 4;

type Others = { count: number; people: HereNow[] };

/** The others who are here, for those who belong; null when nobody is. */
function useOthers(place: CommunityPlace, selfId: string): Others | null {
  const { data } = useQuery(hereQuery(place.slug));
  if (!data || !place.role) return null;
  const people = data.people.filter((person) => person.id !== selfId);
  // Oneself is among those who were counted.
  const count = Math.max(data.count - 1, people.length);
  return people.length > 0 ? { count, people } : null;
}

const KNOWN = ["overview", "documents", "wiki", "posts", "faq", "members", "settings"] as const;
type Known = (typeof KNOWN)[number];
const isKnown = (view: string): view is Known => (KNOWN as readonly string[]).includes(view);

function useDoing(): (person: HereNow) => string {
  const { t } = useTranslation();
  return ({ view, title, writing }) => {
    if (title !== undefined) return t(writing ? "here.writes" : "here.reads", { title });
    return isKnown(view) ? t(`here.at.${view}`) : t("here.at.other");
  };
}

type Props = { place: CommunityPlace; selfId: string };

/** In the line under the community's name. */
export function HereFaces({ place, selfId }: Props) {
  const { t } = useTranslation();
  const others = useOthers(place, selfId);
  if (!others) return null;
  const shown = others.people.slice(0, others.count > MOST_FACES + 1 ? MOST_FACES : MOST_FACES + 1);
  const more = others.count - shown.length;
  return (
    <span className="line" data-testid="here-faces">
      {/* biome-ignore lint/a11y/useSemanticElements: faces side by side, not a form */}
      <span className="faces" role="group" aria-label={t("here.faces")}>
        {shown.map((person) => (
          <NamedFace key={person.id} id={person.id} name={person.name} outsider={person.outsider} size="sm" />
        ))}
        {more > 0 ? (
          <span className="more">
            <span aria-hidden="true">+{more}</span>
            <span className="sr">{t("here.more", { count: more })}</span>
          </span>
        ) : null}
      </span>
      <span>{t("here.line")}</span>
    </span>
  );
}

/** Goes when the last of them goes; whoever was on it stays on the page. */
function MoreLink({ slug, count }: { slug: string; count: number }) {
  const { t } = useTranslation();
  const link = useRef<HTMLAnchorElement>(null);
  useLayoutEffect(() => {
    const shown = link.current;
    return () => {
      if (shown && document.activeElement === shown)
        document.getElementById("content")?.focus({ preventScroll: true });
    };
  }, []);
  return (
    <Link ref={link} className="meta" to="/c/$slug/members" params={{ slug }}>
      {t("here.more", { count })}
    </Link>
  );
}

/** Who is here, and what each is doing. Changes silently: nobody is interrupted by others who come and go. */
export function HereCard({ place, selfId }: Props) {
  const { t } = useTranslation();
  const doing = useDoing();
  const others = useOthers(place, selfId);
  if (!others) return null;
  const shown = others.people.slice(0, MOST_LINES);
  const more = others.count - shown.length;
  return (
    <section aria-labelledby="h-here">
      <div className="section-head">
        <h2 id="h-here">{t("here.title")}</h2>
        <span className="meta">
          <span aria-hidden="true">{others.count}</span>
          <span className="sr">{t("here.people", { count: others.count })}</span>
        </span>
      </div>
      <ul className="people">
        {shown.map((person) => (
          <li key={person.id}>
            <PersonLine person={person} selfId={selfId} second={doing(person)} live />
          </li>
        ))}
        {more > 0 ? (
          <li>
            <MoreLink slug={place.slug} count={more} />
          </li>
        ) : null}
      </ul>
    </section>
  );
}
