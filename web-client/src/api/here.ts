/** Who is in a community at this moment, as the feed tells its members; nothing asks for it. */
import { queryOptions, skipToken } from "@tanstack/react-query";
import type { Feature } from "./shapes";

/** What a page shows of a community. A server may name others. */
export type View = "overview" | Feature | "members" | "settings" | "document" | "other";

/** A document is named where all members may read it. */
export type HereNow = {
  id: string;
  name: string;
  outsider: boolean;
  view: View;
  document?: string;
  title?: string;
  writing?: boolean;
};

/** Oneself included. Beyond a few people it is said how many there are. */
export type Gathering = { count: number; people: HereNow[] };

export const hereQuery = (slug: string) =>
  queryOptions<Gathering | null>({
    queryKey: ["here", slug],
    queryFn: skipToken,
    staleTime: Number.POSITIVE_INFINITY,
  });
