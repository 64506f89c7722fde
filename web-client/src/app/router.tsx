/** Addresses and their pages. The front page comes with the roof; every other page's code when it is opened. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Unreachable } from "../api";
import { Broken, NotFound } from "./Fallbacks";
import { HomePage } from "./pages/HomePage";
import { Root } from "./Root";

const root = createRootRoute({ component: Root, notFoundComponent: NotFound, errorComponent: Broken });
const under = { getParentRoute: () => root };

/** A page whose code doesn't come is loaded anew by the library, which without a network leaves nothing: then it is told. */
const orTold =
  <Page,>(load: () => Promise<Page>) =>
  () =>
    load().catch((error: unknown) => {
      throw navigator.onLine ? error : new Unreachable("the code of a page");
    });

const signing = orTold(() => import("./pages/SignInPages"));
const documents = orTold(() => import("./pages/DocumentPages"));
const community = orTold(() => import("./pages/CommunityPages"));
const directory = orTold(() => import("./pages/DirectoryPages"));
const requests = orTold(() => import("./pages/RequestPages"));
const profile = orTold(() => import("./pages/ProfilePages"));
const admin = orTold(() => import("./pages/AdminPages"));

const pages = [
  createRoute({ ...under, path: "/", component: HomePage }),

  createRoute({ ...under, path: "/sign-in", component: lazyRouteComponent(signing, "SignInRoute") }),
  createRoute({ ...under, path: "/sign-in/link", component: lazyRouteComponent(signing, "LinkRoute") }),
  createRoute({ ...under, path: "/signed-in", component: lazyRouteComponent(signing, "DoneRoute") }),
  createRoute({ ...under, path: "/invitation", component: lazyRouteComponent(signing, "InvitationRoute") }),
  createRoute({ ...under, path: "/about", component: lazyRouteComponent(signing, "AboutRoute") }),

  createRoute({ ...under, path: "/docs", component: lazyRouteComponent(documents, "DocumentsPage") }),
  createRoute({ ...under, path: "/d/$id", component: lazyRouteComponent(documents, "DocumentRoute") }),

  createRoute({ ...under, path: "/c/$slug", component: lazyRouteComponent(community, "CommunityRoute") }),
  createRoute({
    ...under,
    path: "/c/$slug/docs",
    component: lazyRouteComponent(community, "DocumentsRoute"),
  }),
  createRoute({ ...under, path: "/c/$slug/wiki", component: lazyRouteComponent(community, "WikiRoute") }),
  createRoute({ ...under, path: "/c/$slug/posts", component: lazyRouteComponent(community, "PostsRoute") }),
  createRoute({ ...under, path: "/c/$slug/faq", component: lazyRouteComponent(community, "FaqRoute") }),
  createRoute({
    ...under,
    path: "/c/$slug/members",
    component: lazyRouteComponent(community, "MembersRoute"),
  }),
  createRoute({
    ...under,
    path: "/c/$slug/settings",
    component: lazyRouteComponent(community, "SettingsRoute"),
  }),

  createRoute({
    ...under,
    path: "/communities",
    component: lazyRouteComponent(directory, "CommunitiesRoute"),
  }),
  createRoute({ ...under, path: "/people", component: lazyRouteComponent(directory, "PeopleRoute") }),

  createRoute({ ...under, path: "/request", component: lazyRouteComponent(requests, "NewRequestRoute") }),
  createRoute({ ...under, path: "/requests/$id", component: lazyRouteComponent(requests, "RequestRoute") }),

  createRoute({ ...under, path: "/profile", component: lazyRouteComponent(profile, "ProfileRoute") }),
  createRoute({
    ...under,
    path: "/profile/sessions",
    component: lazyRouteComponent(profile, "SessionsRoute"),
  }),
] as const;

/** All of the administration stands behind one door. */
const office = createRoute({ ...under, path: "/admin", component: lazyRouteComponent(admin, "AdminRoute") });
const inside = { getParentRoute: () => office };

const rooms = [
  createRoute({ ...inside, path: "/", component: lazyRouteComponent(admin, "OverviewRoute") }),
  createRoute({ ...inside, path: "/requests", component: lazyRouteComponent(admin, "QueueRoute") }),
  createRoute({ ...inside, path: "/requests/$id", component: lazyRouteComponent(admin, "RequestRoute") }),
  createRoute({ ...inside, path: "/people", component: lazyRouteComponent(admin, "PeopleRoute") }),
  createRoute({ ...inside, path: "/communities", component: lazyRouteComponent(admin, "CommunitiesRoute") }),
  createRoute({ ...inside, path: "/audit", component: lazyRouteComponent(admin, "AuditRoute") }),
  createRoute({ ...inside, path: "/instance", component: lazyRouteComponent(admin, "InstanceRoute") }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([...pages, office.addChildren(rooms)]),
  scrollRestoration: true,
  defaultPreload: false,
  // What stands around a page stays when the page breaks.
  defaultErrorComponent: Broken,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
  interface HistoryState {
    /** The document was just made: its title comes first. */
    fresh?: boolean;
  }
}
