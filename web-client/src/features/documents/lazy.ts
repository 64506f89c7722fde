/** The document page comes with the editor: it is fetched when it is wanted, and ahead of time when that is likely. */
import { lazy } from "react";

const load = () => import("./DocumentPage");

export const DocumentPage = lazy(async () => ({ default: (await load()).DocumentPage }));

/** Fetches the page's code; a failure is for the moment it is really opened. */
export function preloadDocumentPage(): void {
  load().catch(() => {});
}
