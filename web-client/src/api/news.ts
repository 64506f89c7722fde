/** What I haven't seen yet, and that I have. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { answer, server } from "./client";
import type { News } from "./shapes";

/** So many stand for more. */
export const NEWS_COUNTED = 100;
const SHOWN = 6;

/** Nobody is told of each letter that others write: it is asked for now and then. */
export const newsQuery = queryOptions({
  queryKey: ["news"],
  staleTime: 30_000,
  refetchInterval: 5 * 60_000,
  refetchOnWindowFocus: true,
  queryFn: ({ signal }): Promise<News> =>
    answer(server.GET("/api/v1/news", { params: { query: { limit: SHOWN } }, signal })),
});

const communitiesIn = (news: News): ReadonlySet<string> => new Set(news.communities);

/** The slugs of the communities in which something is new. */
export function useNewIn(): ReadonlySet<string> | undefined {
  return useQuery({ ...newsQuery, select: communitiesIn }).data;
}

/** I have seen everything until then; null takes it back to the beginning. Answers what was said before. */
export const catchUp = (until: string | null) => answer(server.PUT("/api/v1/news", { body: { until } }));

/** I have seen this document as it is now. It may be said while the page goes away. */
export const see = (id: string) =>
  answer(server.PUT("/api/v1/documents/{id}/seen", { params: { path: { id } }, keepalive: true }));
