import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { LoaderCircle, LogOut, Monitor, Smartphone } from "lucide-react";
import { useTranslation } from "react-i18next";
import { endLogin, endOtherLogins, type Login, loginsQuery, type Me } from "../../api";
import { usePageTitle } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { Refused } from "../../ui/Lists";
import { RowsSkeleton } from "../../ui/States";
import { toast } from "../../ui/Toasts";
import { When } from "../../ui/When";
import { readAgent } from "./agents";
import { ProfileFrame } from "./ProfilePage";

function useName(): (login: Login) => string {
  const { t } = useTranslation();
  return ({ user_agent }) => {
    const { browser, system } = readAgent(user_agent);
    if (browser && system) return t("profile.session.named", { browser, system });
    return browser ?? system ?? t("profile.session.unknown");
  };
}

function LoginRow({ login }: { login: Login }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const name = useName()(login);
  const end = useMutation({
    mutationFn: () => endLogin(login.id),
    onSuccess: () => toast({ text: t("profile.session.ended", { name }) }),
    onError: () => toast({ text: t("profile.session.endFailed") }),
    onSettled: () => queries.invalidateQueries({ queryKey: loginsQuery.queryKey }),
  });
  return (
    <li>
      <div className="row mid">
        <span className="glyph">
          <Icon of={readAgent(login.user_agent).hand ? Smartphone : Monitor} />
        </span>
        <div className="grow">
          <p className="line tight">
            <span className="strong">{name}</span>
            {login.current ? <span className="badge ok">{t("profile.session.here")}</span> : null}
          </p>
          <p className="meta">
            {login.current ? null : (
              <>
                {t("profile.session.seen")} <When at={login.last_seen_at} /> ·{" "}
              </>
            )}
            {t(login.current ? "profile.session.since" : "profile.session.andSince")}{" "}
            <When at={login.created_at} />
          </p>
        </div>
        {login.current ? null : (
          <div className="answer">
            <button
              type="button"
              className="btn small"
              aria-label={t("profile.session.endNamed", { name })}
              aria-busy={end.isPending}
              onClick={() => !end.isPending && end.mutate()}
            >
              <Icon of={end.isPending ? LoaderCircle : LogOut} small />
              {t("profile.session.end")}
            </button>
          </div>
        )}
      </div>
    </li>
  );
}

/** Where I am signed in, and the way to end it there. */
export function SessionsPage({ me }: { me: Me }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const logins = useQuery(loginsQuery);
  const endOthers = useMutation({
    mutationFn: endOtherLogins,
    onSuccess: () => toast({ text: t("profile.session.othersEnded") }),
    onError: () => toast({ text: t("profile.session.endFailed") }),
    onSettled: () => queries.invalidateQueries({ queryKey: loginsQuery.queryKey }),
  });
  usePageTitle(t("profile.sessionsTitle"));
  const others = (logins.data ?? []).filter((login) => !login.current).length;
  return (
    <ProfileFrame me={me} part="sessions">
      <section aria-labelledby="h-logins">
        <div className="section-head">
          <h2 id="h-logins">{t("profile.session.where")}</h2>
          {others > 0 ? (
            <button
              type="button"
              className="btn"
              aria-busy={endOthers.isPending}
              onClick={() => !endOthers.isPending && endOthers.mutate()}
            >
              {endOthers.isPending ? <Icon of={LoaderCircle} small /> : null}
              {t("profile.session.endOthers", { count: others })}
            </button>
          ) : null}
        </div>
        <p className="muted sessions-hint">{t("profile.session.hint")}</p>
        {logins.isPending ? <RowsSkeleton label={t("profile.session.loading")} /> : null}
        {logins.isError ? (
          <Refused
            error={logins.error}
            failed={t("profile.session.failed")}
            retry={() => void logins.refetch()}
          />
        ) : null}
        {logins.data ? (
          <ul className="rows">
            {logins.data.map((login) => (
              <LoginRow key={login.id} login={login} />
            ))}
          </ul>
        ) : null}
      </section>
    </ProfileFrame>
  );
}
