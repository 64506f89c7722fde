import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { recentDocumentsQuery } from "../../api";
import { When } from "../../ui/When";
import "./posts.css";

const SHOWN = 3;

/** The latest articles of a community; nothing at all where there are none. */
export function LatestPosts({ community }: { community: string }) {
  const { t } = useTranslation();
  const posts = useQuery(recentDocumentsQuery(community, SHOWN, "posts")).data?.items ?? [];
  if (posts.length === 0) return null;
  return (
    <section aria-labelledby="h-posts">
      <div className="section-head">
        <h2 id="h-posts">{t("community.latestPosts")}</h2>
        <Link to="/c/$slug/posts" params={{ slug: community }}>
          {t("community.allPosts")}
        </Link>
      </div>
      <ul className="posts">
        {posts.map((post) => (
          <li key={post.id}>
            <article>
              <p className="meta">
                <When at={post.updated_at} />
                {post.created_by ? ` · ${post.created_by.name}` : null}
              </p>
              <h3>
                <Link to="/d/$id" params={{ id: post.id }}>
                  {post.title}
                </Link>
              </h3>
            </article>
          </li>
        ))}
      </ul>
    </section>
  );
}
