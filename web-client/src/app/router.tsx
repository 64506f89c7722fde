/** Addresses and their pages. */
import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { Broken, NotFound } from "./Fallbacks";
import { CommunityDocumentsPage, CommunityPage } from "./pages/CommunityPages";
import { DocumentRoute } from "./pages/DocumentRoute";
import { DocumentsPage } from "./pages/DocumentsPage";
import { HomePage } from "./pages/HomePage";
import { Root } from "./Root";

const root = createRootRoute({ component: Root, notFoundComponent: NotFound, errorComponent: Broken });
const home = createRoute({ getParentRoute: () => root, path: "/", component: HomePage });
const docs = createRoute({ getParentRoute: () => root, path: "/docs", component: DocumentsPage });
const community = createRoute({ getParentRoute: () => root, path: "/c/$slug", component: CommunityPage });
const communityDocs = createRoute({
  getParentRoute: () => root,
  path: "/c/$slug/docs",
  component: CommunityDocumentsPage,
});
const document = createRoute({ getParentRoute: () => root, path: "/d/$id", component: DocumentRoute });

export const router = createRouter({
  routeTree: root.addChildren([home, docs, community, communityDocs, document]),
  scrollRestoration: true,
  defaultPreload: false,
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
