import { useQuery } from "@tanstack/react-query";
import { Link, useRouterState } from "@tanstack/react-router";
import { ChevronDown, CircleUserRound, Compass, FileText, House, LogIn, ShieldCheck, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { type CommunityRef, documentQuery, isMissing, type Me, placeQuery, useNewIn } from "../api";
import { ProfileMenu } from "../features/account";
import { AdminLinks, type AdminSection, AdminSide } from "../features/admin";
import { CommunityLinks, CommunitySide, type Section } from "../features/communities";
import { NewDot } from "../ui/Dot";
import { Face, Tile } from "../ui/Face";
import { Icon } from "../ui/Icon";
import { Logo } from "../ui/Logo";
import { Sheet } from "../ui/Overlay";

/** Being inside a place is not being at it. */
const EXACT = { exact: true } as const;

/** What the profile's menu leads to. */
type Ways = { onHelp: () => void; onSignOut: () => void };

type Place = "home" | "docs" | "directory" | "admin";

type Here = {
  place: Place | null;
  community: { slug: string; name: string; id: string } | null;
  section: Section | null;
  /** Which part of the administration, if one is there and may be. */
  admin: AdminSection | null;
};

const SECTIONS: Record<string, Section> = {
  "": "home",
  docs: "documents",
  wiki: "wiki",
  posts: "posts",
  faq: "faq",
  members: "members",
  settings: "settings",
};

const ADMIN_SECTIONS: Record<string, AdminSection> = {
  "": "overview",
  requests: "requests",
  people: "people",
  communities: "communities",
  audit: "audit",
  instance: "instance",
};

const PLACES: readonly [RegExp, Place][] = [
  [/^\/$/, "home"],
  [/^\/docs(\/|$)/, "docs"],
  [/^\/(communities|people)(\/|$)/, "directory"],
  [/^\/admin(\/|$)/, "admin"],
];

/** Where one is: which place of the rail, which community, which entry of its menu. */
function useHere(me: Me): Here {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const documentId = /^\/d\/([^/]+)/.exec(path)?.[1];
  const facts = useQuery({ ...documentQuery(documentId ?? ""), enabled: documentId !== undefined });
  const named = (wanted: string): CommunityRef =>
    me.communities.find((community) => community.slug === wanted) ?? { id: wanted, slug: wanted, name: "" };
  const [, slug, section = ""] = /^\/c\/([^/]+)\/?([^/]*)/.exec(path) ?? [];
  const asked = useQuery({
    ...placeQuery(slug ? decodeURIComponent(slug) : ""),
    enabled: slug !== undefined,
  });
  // A community that isn't there has no menu.
  if (slug && !isMissing(asked.error)) {
    return {
      place: null,
      // Somebody who only looks at it is told its name by its own answer.
      community: asked.data ?? named(decodeURIComponent(slug)),
      section: SECTIONS[section] ?? null,
      admin: null,
    };
  }
  if (documentId) {
    const community = facts.data?.community ?? null;
    const section = facts.data ? (facts.data.feature ?? "documents") : null;
    return { place: community ? null : "docs", community, section, admin: null };
  }
  const place = PLACES.find(([pattern]) => pattern.test(path))?.[1] ?? null;
  const part = place === "admin" && me.is_administrator ? (/^\/admin\/([^/]+)/.exec(path)?.[1] ?? "") : null;
  return {
    place,
    community: null,
    section: null,
    admin: part === null ? null : (ADMIN_SECTIONS[part] ?? null),
  };
}

function Places({
  me,
  here,
  className,
  small = false,
  withAdmin = false,
  onGo,
}: {
  me: Me;
  here: Here;
  className?: string;
  small?: boolean;
  withAdmin?: boolean;
  onGo?: () => void;
}) {
  const { t } = useTranslation();
  const shared = (place: Place) => ({
    activeOptions: EXACT,
    className,
    "aria-current": here.place === place ? ("page" as const) : undefined,
    onClick: onGo,
  });
  const waiting = me.requests_count ?? 0;
  return (
    <>
      <li>
        <Link to="/" {...shared("home")}>
          <Icon of={House} />
          <span>{t("nav.home")}</span>
        </Link>
      </li>
      <li>
        <Link to="/docs" {...shared("docs")}>
          <Icon of={FileText} />
          <span>{t(small ? "nav.documents" : "nav.myDocuments")}</span>
        </Link>
      </li>
      <li>
        <Link to="/communities" {...shared("directory")}>
          <Icon of={Compass} />
          <span>{t("nav.directory")}</span>
        </Link>
      </li>
      {withAdmin && me.is_administrator ? (
        <li>
          <Link to="/admin" {...shared("admin")}>
            <Icon of={ShieldCheck} />
            <span>{t(small ? "nav.admin" : "nav.administration")}</span>
            {waiting > 0 ? (
              <span className="count on">
                <span className="sr">, </span>
                {waiting}
                <span className="sr"> {t("nav.requestsWaiting", { count: waiting })}</span>
              </span>
            ) : null}
          </Link>
        </li>
      ) : null}
    </>
  );
}

function Rail({ me, here, onHelp, onSignOut }: { me: Me; here: Here } & Ways) {
  const { t } = useTranslation();
  const newIn = useNewIn();
  return (
    <header className="rail">
      <Link activeOptions={EXACT} className="logo" to="/" aria-label={t("nav.logo")}>
        <Logo />
      </Link>
      <nav aria-label={t("nav.main")}>
        <ul>
          <Places me={me} here={here} className="place" small withAdmin />
        </ul>
      </nav>
      <nav className="communities" aria-label={t("nav.myCommunities")}>
        <ul>
          {me.communities.map((community) => (
            <li key={community.id}>
              <Link
                activeOptions={EXACT}
                to="/c/$slug"
                params={{ slug: community.slug }}
                title={community.name}
                aria-current={here.community?.slug === community.slug ? "true" : undefined}
              >
                <Tile id={community.id} name={community.name} />
                <span className="sr">{community.name}</span>
                {newIn?.has(community.slug) ? (
                  <>
                    <span className="sr">, </span>
                    <NewDot />
                  </>
                ) : null}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <ProfileMenu
        me={me}
        placement="right bottom"
        onHelp={onHelp}
        onSignOut={onSignOut}
        trigger={
          <button type="button" className="place">
            <Face id={me.id} name={me.name} outsider={me.role === "outsider"} />
            <span className="sr">{t("settings.profileOf", { name: me.name })}</span>
          </button>
        }
      />
    </header>
  );
}

function MenuSheet({ me, here, onClose }: { me: Me; here: Here; onClose: () => void }) {
  const { t } = useTranslation();
  const newIn = useNewIn();
  return (
    <Sheet onClose={onClose} label={t("nav.menu")}>
      <div className="line">
        <strong className="grow">
          {here.community?.name || (here.admin ? t("nav.administration") : me.instance_name || "Unisson")}
        </strong>
        <button type="button" className="icon-btn" aria-label={t("nav.closeMenu")} onClick={onClose}>
          <Icon of={X} />
        </button>
      </div>
      <div className="not-phone">
        <ul className="nav">
          <Places me={me} here={here} withAdmin onGo={onClose} />
        </ul>
        <hr />
      </div>
      {here.community ? (
        <nav aria-label={t("nav.community")}>
          <CommunityLinks slug={here.community.slug} here={here.section} onGo={onClose} />
        </nav>
      ) : null}
      {here.admin ? (
        <nav aria-label={t("nav.administration")}>
          <AdminLinks me={me} here={here.admin} onGo={onClose} />
        </nav>
      ) : null}
      <p className="nav-title">{t("nav.myCommunities")}</p>
      {me.communities.length === 0 ? <p className="meta nav-title">{t("communities.noneYet")}</p> : null}
      <ul className="nav">
        {me.communities.map((community) => (
          <li key={community.id}>
            <Link activeOptions={EXACT} to="/c/$slug" params={{ slug: community.slug }} onClick={onClose}>
              <Tile id={community.id} name={community.name} size="sm" />
              <span>{community.name}</span>
              {newIn?.has(community.slug) ? (
                <span className="end">
                  <NewDot />
                </span>
              ) : null}
            </Link>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

function Topbar({
  me,
  here,
  onMenu,
  onHelp,
  onSignOut,
}: {
  me: Me;
  here: Here;
  onMenu: () => void;
} & Ways) {
  const { t } = useTranslation();
  const { community } = here;
  return (
    <header className="topbar">
      <button type="button" className="where" aria-haspopup="dialog" onClick={onMenu}>
        {community ? (
          <Tile id={community.id} name={community.name} size="md" />
        ) : (
          <span className="logo">
            <Logo />
          </span>
        )}
        <span className="clip">
          {community?.name || (here.admin ? t("nav.administration") : me.instance_name || "Unisson")}
        </span>
        <Icon of={ChevronDown} small />
        <span className="sr">{t("nav.openMenu")}</span>
      </button>
      <span className="grow" />
      <div className="not-phone">
        <ProfileMenu
          me={me}
          placement="bottom end"
          onHelp={onHelp}
          onSignOut={onSignOut}
          trigger={
            <button type="button" className="icon-btn">
              <Face id={me.id} name={me.name} outsider={me.role === "outsider"} size="sm" />
              <span className="sr">{t("settings.profileOf", { name: me.name })}</span>
            </button>
          }
        />
      </div>
    </header>
  );
}

function BottomBar({ me, here, onHelp, onSignOut }: { me: Me; here: Here } & Ways) {
  const { t } = useTranslation();
  return (
    <nav className="bottombar" aria-label={t("nav.main")}>
      <ul>
        <Places me={me} here={here} small />
        <li>
          <ProfileMenu
            me={me}
            placement="top end"
            onHelp={onHelp}
            onSignOut={onSignOut}
            trigger={
              <button type="button">
                <Icon of={CircleUserRound} />
                <span>{t("nav.me")}</span>
              </button>
            }
          />
        </li>
      </ul>
    </nav>
  );
}

type Props = Ways & {
  me: Me;
  /** The login is over, and signing in was put off. */
  expired: boolean;
  onSignIn: () => void;
  children: ReactNode;
};

/** What stands around every page: rail and menu when there is room, bars and a sheet when there isn't. */
export function Shell({ me, onHelp, onSignOut, expired, onSignIn, children }: Props) {
  const { t } = useTranslation();
  const here = useHere(me);
  const [menu, setMenu] = useState(false);
  return (
    <>
      <a className="skip" href="#content">
        {t("nav.skip")}
      </a>
      <div className={here.community || here.admin ? "shell with-side" : "shell"}>
        <Topbar me={me} here={here} onMenu={() => setMenu(true)} onHelp={onHelp} onSignOut={onSignOut} />
        <Rail me={me} here={here} onHelp={onHelp} onSignOut={onSignOut} />
        {here.community ? (
          <CommunitySide slug={here.community.slug} name={here.community.name} here={here.section} />
        ) : null}
        {here.admin ? <AdminSide me={me} here={here.admin} /> : null}
        <main className="page" id="content" tabIndex={-1}>
          {expired ? (
            <div className="note warn page-note">
              <div className="line">
                <span className="grow">{t("expired.reminder")}</span>
                <button type="button" className="btn" onClick={onSignIn}>
                  <Icon of={LogIn} small />
                  {t("expired.again")}
                </button>
              </div>
            </div>
          ) : null}
          {children}
        </main>
      </div>
      <BottomBar me={me} here={here} onHelp={onHelp} onSignOut={onSignOut} />
      {menu ? <MenuSheet me={me} here={here} onClose={() => setMenu(false)} /> : null}
    </>
  );
}
