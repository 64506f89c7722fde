import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Handshake, PenLine, ShieldCheck, SunMoon } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { configQuery } from "../../api";
import { usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { Logo } from "../../ui/Logo";
import { LanguageSwitch } from "./LanguageSwitch";
import { SignInProblem } from "./SignInProblem";
import { SignInWays } from "./SignInWays";
import { ThemeMenu } from "./ThemeMenu";
import "./landing.css";

const POINTS = [
  { icon: PenLine, key: "write" },
  { icon: ShieldCheck, key: "keep" },
  { icon: Handshake, key: "invite" },
] as const;

/** A drawing of a page being written, for the eyes only. */
function Scene() {
  const { t } = useTranslation();
  return (
    <div className="scene" aria-hidden="true">
      <div className="sheet-drawn">
        <b>{t("landing.scene.title")}</b>
        <span>
          {t("landing.scene.first")} <span className="remote p9">{t("landing.scene.selected")}</span>
          <span className="caret named p9">
            <span>Bruno</span>
          </span>{" "}
          {t("landing.scene.afterFirst")}
        </span>
        <span>
          {t("landing.scene.second")}
          <span className="caret named p2">
            <span>Chloé</span>
          </span>{" "}
          {t("landing.scene.afterSecond")}
        </span>
        <div className="tasks-drawn">
          <span className="box done" />
          <s>{t("landing.scene.done")}</s>
          <span className="box" />
          <span>{t("landing.scene.todo")}</span>
        </div>
      </div>
    </div>
  );
}

/** Where the legal notice stands, once an administrator has said it. */
export function LegalNotice() {
  const { t } = useTranslation();
  const address = useQuery(configQuery).data?.legal_notice_url;
  return address ? <a href={address}>{t("about.legalNotice")}</a> : null;
}

/** What stands around every page of somebody who isn't signed in. */
export function VisitorFrame({ children, grid = false }: { children: ReactNode; grid?: boolean }) {
  const { t } = useTranslation();
  const config = useQuery(configQuery).data;
  return (
    <div className="landing">
      <header>
        <a className="brand" href="/">
          <Logo />
          {config?.instance_name || "Unisson"}
        </a>
        <span className="grow" />
        <LanguageSwitch />
      </header>
      <main id="content" tabIndex={-1} className={grid ? "landing-grid" : "landing-one"}>
        {children}
      </main>
      <footer>
        <span className="said">{config?.demo ? t("landing.demo") : null}</span>
        <a href="/about">{t("about.link")}</a>
        <a href="/about#accessibility">{t("about.accessibilityLink")}</a>
        <LegalNotice />
        <ThemeMenu
          trigger={
            <button type="button" className="btn small">
              <Icon of={SunMoon} small />
              {t("settings.theme")}
            </button>
          }
        />
      </footer>
    </div>
  );
}

type Props = {
  /** Where to go once signed in: the address that was asked for. */
  returnTo: string;
  /** Why the last attempt failed, as the way back from the provider says. */
  problem?: { code: string; reference: string | undefined } | undefined;
};

/** What a visitor sees, at any address: what this is, and how to come in. The address is kept for afterwards. */
export function Landing({ returnTo, problem }: Props) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  usePageTitle(t(problem ? "signIn.problemTitle" : "landing.pageTitle"));
  return (
    <VisitorFrame grid>
      <div>
        <h1>
          <span className="phrase">{t("landing.title")}</span>{" "}
          <span className="phrase">
            <span className="nowrap">{t("landing.titleBeyond")}</span> {t("landing.titleEnd")}
          </span>
        </h1>
        <p className="promise">{t("landing.promise")}</p>
        <section className="sign" aria-label={t("signIn.title")}>
          {problem ? <SignInProblem code={problem.code} reference={problem.reference} /> : null}
          <SignInWays returnTo={returnTo} onSignedIn={() => void queries.invalidateQueries()} />
        </section>
      </div>
      <Scene />
      <ul className="points">
        {POINTS.map(({ icon, key }) => (
          <li key={key}>
            <Icon of={icon} />
            <strong>{t(`landing.points.${key}.title`)}</strong>
            <span className="muted">{t(`landing.points.${key}.text`)}</span>
          </li>
        ))}
      </ul>
    </VisitorFrame>
  );
}
