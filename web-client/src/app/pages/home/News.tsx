import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FileText } from "lucide-react";
import { useTranslation } from "react-i18next";
import { catchUp, type News as Found, NEWS_COUNTED, newsQuery } from "../../../api";
import { Tile } from "../../../ui/Face";
import { Icon } from "../../../ui/Icon";
import { toast } from "../../../ui/Toasts";
import { When } from "../../../ui/When";

type Item = Found["items"][number];

function NewsRow({ item: { why, document } }: { item: Item }) {
  const { t } = useTranslation();
  const { community } = document;
  const by = why === "changed" ? document.updated_by : document.created_by;
  return (
    <li>
      <div className="row mid unread">
        {community ? (
          <Tile id={community.id} name={community.name} size="md" />
        ) : (
          <span className="glyph">
            <Icon of={FileText} />
          </span>
        )}
        <div className="grow">
          <p className="clip">
            <Link className="cover" to="/d/$id" params={{ id: document.id }}>
              {document.title}
            </Link>
          </p>
          <p className="meta clip">
            {by ? t(`home.news.by.${why}`, { name: by.name }) : t(`home.news.why.${why}`)}
          </p>
        </div>
        <div className="end">
          <span className="meta not-phone">
            <When at={document.updated_at} />
          </span>
        </div>
      </div>
    </li>
  );
}

/** What others have done since I last looked, and a way to be done with it. */
export function News() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const news = useQuery(newsQuery).data;
  const { mutate, isPending } = useMutation({
    mutationFn: ({ until }: { until: string | null; undone?: boolean }) => catchUp(until),
    onSuccess: ({ before }, { undone }) => {
      if (undone) return;
      toast({
        text: t("home.news.caughtUp"),
        undo: () => mutate({ until: before ?? null, undone: true }),
      });
    },
    onError: () => toast({ text: t("home.news.failed") }),
    onSettled: () => queries.invalidateQueries({ queryKey: newsQuery.queryKey }),
  });
  // While it is not known, and where there is nothing, the other lists say what there is to do.
  if (!news || news.items.length === 0) return null;
  const more = news.count - news.items.length;
  return (
    <section aria-labelledby="h-news">
      <div className="section-head">
        <h2 id="h-news">{t("home.news.title")}</h2>
        <button
          type="button"
          className="btn plain"
          aria-busy={isPending}
          onClick={() => !isPending && mutate({ until: news.as_of })}
        >
          {t("home.news.catchUp")}
        </button>
      </div>
      <ul className="rows">
        {news.items.map((item) => (
          <NewsRow key={item.document.id} item={item} />
        ))}
      </ul>
      {more > 0 ? (
        <p className="load">
          <Link to="/docs">{t("home.news.more", { count: more })}</Link>
        </p>
      ) : null}
    </section>
  );
}

/** How much is new, in a few words; nothing while it is not known. */
export function NewsCount() {
  const { t } = useTranslation();
  const count = useQuery(newsQuery).data?.count;
  if (count === undefined) return null;
  if (count >= NEWS_COUNTED) return <> {t("home.news.many", { count: NEWS_COUNTED - 1 })}</>;
  return <> {t("home.news.count", { count })}</>;
}
