import { useQuery } from "@tanstack/react-query";
import { LogIn } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { configQuery, meQuery } from "../../api";
import { usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { Failure, TextSkeleton } from "../../ui/States";
import { VisitorFrame } from "./Landing";

const PARTS = [
  { part: "help", points: ["about.help.access", "about.help.request", "about.help.fault"] },
  { part: "data", points: ["about.data.cookies", "about.data.device", "about.data.copy"] },
  {
    part: "accessibility",
    points: [
      "about.accessibility.state",
      "about.accessibility.done",
      "about.accessibility.limits",
      "about.accessibility.keys",
    ],
  },
] as const;

/** What this is, whom to ask, what is kept, and how accessible it is known to be: for everybody, signed in or not. */
export function AboutPage() {
  const { t } = useTranslation();
  const config = useQuery(configQuery);
  const me = useQuery(meQuery).data;
  usePageTitle(t("about.title"));
  // The parts come after the answer, later than the browser looked for the one that was asked for.
  useEffect(() => {
    if (config.data) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, [config.data]);
  return (
    <VisitorFrame>
      <h1>{t("about.title")}</h1>
      {config.isPending ? <TextSkeleton label={t("states.loading")} /> : null}
      {config.isError ? <Failure what={t("states.unreachable")} retry={() => void config.refetch()} /> : null}
      {config.data ? (
        <>
          <p className="lede">{t("about.lede", { version: config.data.version })}</p>
          {PARTS.map(({ part, points }) => (
            <section key={part} id={part} className="about" aria-labelledby={`h-${part}`}>
              <h2 id={`h-${part}`}>{t(`about.${part}Title`)}</h2>
              {points.map((point) => (
                <p key={point}>{t(point)}</p>
              ))}
              {part === "help" && config.data.help_email ? (
                <p>
                  {t("about.helpAt")}{" "}
                  <a href={`mailto:${encodeURI(config.data.help_email)}`}>{config.data.help_email}</a>
                </p>
              ) : null}
            </section>
          ))}
          <p className="actions top">
            <a className="btn" href="/">
              {me ? null : <Icon of={LogIn} small />}
              {t(me ? "nav.goHome" : "signIn.title")}
            </a>
          </p>
        </>
      ) : null}
    </VisitorFrame>
  );
}
