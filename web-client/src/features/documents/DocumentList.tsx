import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import {
  BookOpen,
  CircleQuestionMark,
  Ellipsis,
  FileText,
  Link2,
  Lock,
  Newspaper,
  Pencil,
} from "lucide-react";
import { type ReactNode, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type DocumentFacts,
  documentsQuery,
  type Feature,
  recentDocumentsQuery,
  useReachable,
} from "../../api";
import { Icon } from "../../ui/Icon";
import { Refused } from "../../ui/Lists";
import { Menu, MenuItem } from "../../ui/Menu";
import { Empty, OfflineNote, RowsSkeleton } from "../../ui/States";
import { toast } from "../../ui/Toasts";
import { When } from "../../ui/When";
import { preloadDocumentPage } from "./lazy";
import { RenameDialog } from "./RenameDialog";

type Shown = "community" | "author";

function mayWrite(facts: DocumentFacts): boolean {
  return facts.access === "write" || facts.access === "manage";
}

function Actions({ facts }: { facts: DocumentFacts }) {
  const { t } = useTranslation();
  const [renaming, setRenaming] = useState(false);
  return (
    <>
      <Menu
        label={t("documents.actionsOn", { title: facts.title })}
        trigger={
          <button
            type="button"
            className="icon-btn"
            aria-label={t("documents.actionsOn", { title: facts.title })}
          >
            <Icon of={Ellipsis} />
          </button>
        }
      >
        {mayWrite(facts) ? (
          <MenuItem icon={Pencil} onAction={() => setRenaming(true)}>
            {t("documents.rename")}
          </MenuItem>
        ) : null}
        <MenuItem
          icon={Link2}
          onAction={() =>
            navigator.clipboard.writeText(`${location.origin}/d/${facts.id}`).then(
              () => toast({ text: t("documents.linkCopied") }),
              () => toast({ text: t("documents.linkNotCopied") }),
            )
          }
        >
          {t("documents.copyLink")}
        </MenuItem>
      </Menu>
      {renaming ? <RenameDialog facts={facts} onClose={() => setRenaming(false)} /> : null}
    </>
  );
}

/** While the network is away: which of these are on this device, and what waits in them. */
function useCopies(items: DocumentFacts[], selfId: string, online: boolean): Map<string, number> | null {
  const [copies, setCopies] = useState<Map<string, number> | null>(null);
  useEffect(() => {
    setCopies(null);
    if (online) return;
    let gone = false;
    import("../../sync")
      .then(({ copiesOf }) =>
        copiesOf(
          selfId,
          items.map((facts) => facts.room),
        ),
      )
      .then(
        (found) => !gone && setCopies(found),
        () => {},
      );
    return () => {
      gone = true;
    };
  }, [items, selfId, online]);
  return copies;
}

type RowProps = { facts: DocumentFacts; shown: Shown; actions: boolean; copies: Map<string, number> | null };

function useSecondLine({ facts, shown, copies }: RowProps): string {
  const { t } = useTranslation();
  const waiting = copies?.get(facts.room);
  if (copies && waiting === undefined) return t("documents.onlineOnly");
  if (waiting) return t("documents.waiting", { count: waiting });
  if (shown === "community") return facts.community?.name ?? t("documents.personal");
  const by = facts.updated_by ?? facts.created_by;
  return by ? t("documents.changedBy", { name: by.name }) : t("documents.neverChanged");
}

/** Whether it is open to others than the rest of its list. */
function Apart({ facts }: { facts: DocumentFacts }) {
  const { t } = useTranslation();
  if (facts.visibility !== "restricted" && facts.visibility !== "link") return null;
  const words = t(`sharing.marks.${facts.visibility}`);
  return (
    <span className="badge" title={words}>
      <Icon of={facts.visibility === "link" ? Link2 : Lock} />
      {t(`sharing.short.${facts.visibility}`)}
    </span>
  );
}

const DRAWINGS = { documents: FileText, wiki: BookOpen, posts: Newspaper, faq: CircleQuestionMark } as const;

function DocumentRow(props: RowProps) {
  const { facts, actions, copies } = props;
  const second = useSecondLine(props);
  const reachable = copies === null || copies.has(facts.room);
  return (
    <li>
      <div className="row mid">
        <span className="glyph">
          <Icon of={DRAWINGS[facts.feature ?? "documents"]} />
        </span>
        <div className="grow">
          {reachable ? (
            <p className="clip">
              <Link className="cover" to="/d/$id" params={{ id: facts.id }}>
                {facts.title}
              </Link>
            </p>
          ) : (
            <p className="clip muted">{facts.title}</p>
          )}
          <p className="meta clip">{second}</p>
        </div>
        <div className="end">
          <Apart facts={facts} />
          <span className="meta not-phone">
            <When at={facts.updated_at} />
          </span>
          {actions ? <Actions facts={facts} /> : null}
        </div>
      </div>
    </li>
  );
}

type RowsProps = { items: DocumentFacts[]; shown: Shown; actions: boolean; selfId: string };

function Rows({ items, shown, actions, selfId }: RowsProps) {
  const copies = useCopies(items, selfId, useReachable());
  useEffect(() => {
    // The next step is most likely one of these.
    const timer = setTimeout(preloadDocumentPage, 1500);
    return () => clearTimeout(timer);
  }, []);
  return (
    <ul className="rows">
      {items.map((facts) => (
        <DocumentRow key={facts.id} facts={facts} shown={shown} actions={actions} copies={copies} />
      ))}
    </ul>
  );
}

type ListProps = { community: string | null; selfId: string; emptyText: string; action?: ReactNode };

/** The latest few. */
export function RecentDocuments({
  community,
  selfId,
  action,
  emptyText,
  limit = 6,
}: ListProps & { limit?: number }) {
  const { t } = useTranslation();
  const recent = useQuery(recentDocumentsQuery(community, limit));
  if (recent.isPending) return <RowsSkeleton label={t("documents.loading")} />;
  if (!recent.data)
    return (
      <Refused error={recent.error} failed={t("documents.failed")} retry={() => void recent.refetch()} />
    );
  if (recent.data.items.length === 0) {
    return (
      <Empty icon={FileText} action={action}>
        {emptyText}
      </Empty>
    );
  }
  return (
    <Rows
      items={recent.data.items}
      shown={community === null ? "community" : "author"}
      actions={false}
      selfId={selfId}
    />
  );
}

/** All of them, latest first, a page at a time. */
export function AllDocuments({
  community,
  feature = null,
  selfId,
  action,
  emptyText,
}: ListProps & {
  /** Which of the community's lists; null for what is in any. */
  feature?: Feature | null;
}) {
  const { t } = useTranslation();
  const reachable = useReachable();
  const all = useInfiniteQuery(documentsQuery(community, feature));
  const items = useMemo(() => all.data?.pages.flatMap((page) => page.items) ?? [], [all.data]);
  if (all.isPending) return <RowsSkeleton label={t("documents.loading")} />;
  if (!all.data)
    return <Refused error={all.error} failed={t("documents.failed")} retry={() => void all.refetch()} />;
  return (
    <>
      {reachable ? null : <OfflineNote />}
      {items.length === 0 ? (
        <Empty icon={FileText} action={action}>
          {emptyText}
        </Empty>
      ) : (
        <Rows items={items} shown={community === null ? "community" : "author"} actions selfId={selfId} />
      )}
      {all.hasNextPage ? (
        <p className="load">
          <button
            type="button"
            className="btn"
            aria-busy={all.isFetchingNextPage}
            onClick={() => !all.isFetchingNextPage && void all.fetchNextPage()}
          >
            {t(all.isFetchingNextPage ? "documents.loadingMore" : "documents.more")}
          </button>
        </p>
      ) : null}
    </>
  );
}
