import { Link, Navigate, useRouterState } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import {
  AboutPage,
  InvitationPage,
  LinkPage,
  localAddress,
  SignInDone,
  SignInProblem,
} from "../../features/account";
import { usePageTitle } from "../../ui/hooks";

/** For a visitor the roof draws the landing here; who is signed in already goes on, or reads why the attempt failed. */
export function SignInRoute() {
  const { t } = useTranslation();
  const asked = new URLSearchParams(useRouterState({ select: (state) => state.location.searchStr }));
  const code = asked.get("error");
  usePageTitle(code ? t("signIn.problemTitle") : undefined);
  if (!code) return <Navigate to={localAddress(asked.get("return_to"))} replace />;
  return (
    <div className="wide-max narrow">
      <div className="page-head">
        <h1>{t("signIn.problemTitle")}</h1>
      </div>
      <div className="page-body">
        <SignInProblem code={code} reference={asked.get("ref") ?? undefined} />
        <div className="actions top">
          <Link className="btn" to="/">
            {t("nav.goHome")}
          </Link>
        </div>
      </div>
    </div>
  );
}

export const AboutRoute = () => <AboutPage />;
export const LinkRoute = () => <LinkPage />;
export const DoneRoute = () => <SignInDone />;
export const InvitationRoute = () => <InvitationPage />;
