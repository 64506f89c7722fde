import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Outlet, useRouter, useRouterState } from "@tanstack/react-router";
import { createContext, useContext, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Me, meQuery, signOut, useReachable } from "../api";
import { Landing, SignInAgain } from "../features/account";
import { announce } from "../ui/Announcer";
import { useLasting } from "../ui/hooks";
import { Logo } from "../ui/Logo";
import { Failure } from "../ui/States";
import { toast } from "../ui/Toasts";
import { Shell } from "./Shell";
import { KeyboardHelp, useShortcuts } from "./Shortcuts";

type Inside = {
  me: Me;
  /** The login ran out; what is open stays open. */
  expired: boolean;
  openHelp: () => void;
};
const InsideContext = createContext<Inside | null>(null);

/** Who is signed in, for pages: they are only drawn for somebody. */
export function useInside(): Inside {
  const inside = useContext(InsideContext);
  if (!inside) throw new Error("a page was drawn outside the shell");
  return inside;
}

/** On a new page the focus goes to its content and its title is said; the first page keeps the browser's own start. */
function useArrival(): void {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe("onResolved", ({ fromLocation, pathChanged, toLocation }) => {
        if (!fromLocation || !pathChanged || toLocation.state.fresh) return;
        document.getElementById("content")?.focus({ preventScroll: true });
        setTimeout(() => announce(document.title), 100);
      }),
    [router],
  );
}

const AGAIN_MS = 10_000;

/** What was shown without the server is asked again: at once when the network is back, else every ten seconds. */
function useReturn(): void {
  const queries = useQueryClient();
  const reachable = useReachable();
  const was = useRef(reachable);
  useEffect(() => {
    const ask = () => {
      if (navigator.onLine) void queries.invalidateQueries();
    };
    if (reachable) {
      if (!was.current) ask();
      was.current = true;
      return;
    }
    was.current = false;
    window.addEventListener("online", ask);
    const timer = setInterval(ask, AGAIN_MS);
    return () => {
      window.removeEventListener("online", ask);
      clearInterval(timer);
    };
  }, [reachable, queries]);
}

function Starting() {
  const shown = useLasting(true, 400);
  return <main className="starting">{shown ? <Logo /> : null}</main>;
}

/** A visitor sees what this is; somebody signed in sees the pages; whose login ran out signs in over what is open. */
export function Root() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const me = useQuery(meQuery);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const last = useRef<Me | null>(null);
  const [later, setLater] = useState(false);
  const [help, setHelp] = useState(false);
  const [leaving, setLeaving] = useState(false);
  useArrival();
  useReturn();
  useShortcuts(() => setHelp(true), Boolean(me.data));

  if (me.data) last.current = me.data;
  const shown = me.data ?? last.current;

  if (!shown) {
    if (me.isPending) return <Starting />;
    if (me.isError) {
      return (
        <main className="starting" id="content">
          <h1 className="sr">Unisson</h1>
          <Failure what={t("states.unreachable")} retry={() => void me.refetch()} />
        </main>
      );
    }
    return <Landing deep={path !== "/"} />;
  }

  // The pages go first: none of them shall ask the server anything for somebody who is gone.
  if (leaving) return <Starting />;

  async function leave(id: string): Promise<void> {
    setLeaving(true);
    try {
      await signOut();
    } catch {
      setLeaving(false);
      toast({ text: t("settings.signOutFailed") });
      return;
    }
    await (await import("../sync")).leaveDevice(id).catch(() => {});
    // A new page: nothing of this person stays in memory.
    location.assign("/");
  }

  const expired = me.data === null;

  async function signedIn(id: string): Promise<void> {
    if (id !== shown?.id) {
      location.reload();
      return;
    }
    setLater(false);
    (await import("../sync")).reopenSocket();
    await queries.invalidateQueries();
  }

  return (
    <InsideContext value={{ me: shown, expired, openHelp: () => setHelp(true) }}>
      <Shell
        me={shown}
        onHelp={() => setHelp(true)}
        onSignOut={() => void leave(shown.id)}
        expired={expired && later}
        onSignIn={() => setLater(false)}
      >
        <Outlet />
      </Shell>
      {help ? <KeyboardHelp onClose={() => setHelp(false)} /> : null}
      {expired && !later ? (
        <SignInAgain me={shown} onSignedIn={(id) => void signedIn(id)} onLater={() => setLater(true)} />
      ) : null}
    </InsideContext>
  );
}
