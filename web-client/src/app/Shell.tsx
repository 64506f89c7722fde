import { useQuery } from "@tanstack/react-query";
import { Link, useRouterState } from "@tanstack/react-router";
import { ChevronDown, CircleUserRound, FileText, House, LogIn, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { type CommunityRef, documentQuery, type Me } from "../api";
import { ProfileMenu } from "../features/account";
import { CommunityLinks, CommunitySide } from "../features/communities";
import { Face, Tile } from "../ui/Face";
import { Icon } from "../ui/Icon";
import { Logo } from "../ui/Logo";
import { Sheet } from "../ui/Overlay";

/** Being inside a place is not being at it. */
const EXACT = { exact: true } as const;

/** What the profile's menu leads to. */
type Ways = { onHelp: () => void; onSignOut: () => void };

type Here = {
  place: "home" | "docs" | null;
  community: { slug: string; name: string; id: string } | null;
  section: "home" | "docs" | null;
};

/** Where one is: which place of the rail, which community, which entry of its menu. */
function useHere(me: Me): Here {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const documentId = /^\/d\/([^/]+)/.exec(path)?.[1];
  const facts = useQuery({ ...documentQuery(documentId ?? ""), enabled: documentId !== undefined });
  const slug = /^\/c\/([^/]+)/.exec(path)?.[1];
  const named = (wanted: string): CommunityRef =>
    me.communities.find((community) => community.slug === wanted) ?? { id: wanted, slug: wanted, name: "" };
  if (slug) {
    const wanted = decodeURIComponent(slug);
    return { place: null, community: named(wanted), section: /\/docs\/?$/.test(path) ? "docs" : "home" };
  }
  if (documentId) {
    const community = facts.data?.community ?? null;
    return { place: community ? null : "docs", community, section: "docs" };
  }
  return {
    place: path === "/" ? "home" : path.startsWith("/docs") ? "docs" : null,
    community: null,
    section: null,
  };
}

function Places({
  here,
  className,
  small = false,
  onGo,
}: {
  here: Here;
  className?: string;
  small?: boolean;
  onGo?: () => void;
}) {
  const { t } = useTranslation();
  return (
    <>
      <li>
        <Link
          activeOptions={EXACT}
          to="/"
          className={className}
          aria-current={here.place === "home" ? "page" : undefined}
          onClick={onGo}
        >
          <Icon of={House} />
          <span>{t("nav.home")}</span>
        </Link>
      </li>
      <li>
        <Link
          activeOptions={EXACT}
          to="/docs"
          className={className}
          aria-current={here.place === "docs" ? "page" : undefined}
          onClick={onGo}
        >
          <Icon of={FileText} />
          <span>{t(small ? "nav.documents" : "nav.myDocuments")}</span>
        </Link>
      </li>
    </>
  );
}

function Rail({ me, here, onHelp, onSignOut }: { me: Me; here: Here } & Ways) {
  const { t } = useTranslation();
  return (
    <header className="rail">
      <Link activeOptions={EXACT} className="logo" to="/" aria-label={t("nav.logo")}>
        <Logo />
      </Link>
      <nav aria-label={t("nav.main")}>
        <ul>
          <Places here={here} className="place" small />
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
  return (
    <Sheet onClose={onClose} label={t("nav.menu")}>
      <div className="line">
        <strong className="grow">{here.community?.name || "Unisson"}</strong>
        <button type="button" className="icon-btn" aria-label={t("nav.closeMenu")} onClick={onClose}>
          <Icon of={X} />
        </button>
      </div>
      <div className="not-phone">
        <ul className="nav">
          <Places here={here} onGo={onClose} />
        </ul>
        <hr />
      </div>
      {here.community ? (
        <nav aria-label={t("nav.community")}>
          <CommunityLinks slug={here.community.slug} here={here.section} onGo={onClose} />
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
        <span className="clip">{community?.name || "Unisson"}</span>
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
        <Places here={here} small />
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
      <div className={here.community ? "shell with-side" : "shell"}>
        <Topbar me={me} here={here} onMenu={() => setMenu(true)} onHelp={onHelp} onSignOut={onSignOut} />
        <Rail me={me} here={here} onHelp={onHelp} onSignOut={onSignOut} />
        {here.community ? (
          <CommunitySide slug={here.community.slug} name={here.community.name} here={here.section} />
        ) : null}
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
