import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Outlet, useRouter, useRouterState } from "@tanstack/react-router";
import { createContext, Suspense, useContext, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Me, meQuery, signOut, useReachable } from "../api";
import { Landing, localAddress, SignInAgain, tellSignedIn } from "../features/account";
import { announce } from "../ui/Announcer";
import { useLasting } from "../ui/hooks";
import { Logo } from "../ui/Logo";
import { Failure, RowsSkeleton } from "../ui/States";
import { toast } from "../ui/Toasts";
import { useLiveFeed } from "./live";
import { Shell } from "./Shell";
import { KeyboardHelp, useShortcuts } from "./Shortcuts";
import { useWhereabouts } from "./whereabouts";

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

/** Pages for whoever comes, signed in or not: nothing of the application stands around them. */
const ALONE = new Set(["/sign-in/link", "/signed-in", "/invitation", "/about"]);
const SIGN_IN = "/sign-in";

/** Where signing in leads to, and why the last attempt failed, as the address says. */
function useAsked() {
  const address = useRouterState({ select: (state) => state.location });
  const asked = new URLSearchParams(address.searchStr);
  const atSignIn = address.pathname === SIGN_IN;
  const code = atSignIn ? asked.get("error") : null;
  return {
    returnTo: atSignIn ? localAddress(asked.get("return_to")) : address.href,
    problem: code ? { code, reference: asked.get("ref") ?? undefined } : undefined,
    alone: ALONE.has(address.pathname),
  };
}

/** Other tabs that wait for a login look again once there is one here. */
function useTelling(id: string | undefined): void {
  useEffect(() => {
    if (id) tellSignedIn(id);
  }, [id]);
}

function Starting() {
  const shown = useLasting(true, 400);
  return <main className="starting">{shown ? <Logo /> : null}</main>;
}

/** A page whose code is on its way. */
function Coming() {
  const { t } = useTranslation();
  return (
    <div className="wide-max page-body after-bar">
      <RowsSkeleton label={t("states.loading")} />
    </div>
  );
}

/** A visitor sees what this is; somebody signed in sees the pages; whose login ran out signs in over what is open. */
export function Root() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const me = useQuery(meQuery);
  const asked = useAsked();
  const last = useRef<Me | null>(null);
  const [later, setLater] = useState(false);
  const [help, setHelp] = useState(false);
  const [leaving, setLeaving] = useState(false);
  useArrival();
  useReturn();
  useShortcuts(() => setHelp(true), Boolean(me.data));
  useTelling(me.data?.id);
  useLiveFeed(Boolean(me.data), useWhereabouts(Boolean(me.data)));

  if (asked.alone) {
    return (
      <Suspense fallback={<Starting />}>
        <Outlet />
      </Suspense>
    );
  }

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
    return <Landing returnTo={asked.returnTo} problem={asked.problem} />;
  }

  // The pages go first: none of them shall ask the server anything for somebody who is gone.
  if (leaving) return <Starting />;

  async function leave(id: string): Promise<void> {
    setLeaving(true);
    let elsewhere: string | null;
    try {
      elsewhere = await signOut();
    } catch {
      setLeaving(false);
      toast({ text: t("settings.signOutFailed") });
      return;
    }
    await (await import("../sync")).leaveDevice(id).catch(() => {});
    // A new page: nothing of this person stays in memory. The provider's session ends at the provider.
    location.assign(elsewhere ?? "/");
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

  /** Whether somebody signed in meanwhile, in another tab. */
  async function look(): Promise<void> {
    const found = (await me.refetch()).data;
    if (found) await signedIn(found.id);
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
        <Suspense fallback={<Coming />}>
          <Outlet />
        </Suspense>
      </Shell>
      {help ? <KeyboardHelp onClose={() => setHelp(false)} /> : null}
      {expired && !later ? (
        <SignInAgain
          me={shown}
          onSignedIn={(id) => void signedIn(id)}
          onLook={() => void look()}
          onLater={() => setLater(true)}
        />
      ) : null}
    </InsideContext>
  );
}
