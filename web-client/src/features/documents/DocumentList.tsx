import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Ellipsis, FileText, Link2, Pencil } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useEffect, useState } from "react";
import { Button as AriaButton } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { type DocumentFacts, documentsQuery, Problem, recentDocumentsQuery } from "../../api";
import { useOnline } from "../../ui/hooks";
import { Icon } from "../../ui/Icon";
import { Menu, MenuItem } from "../../ui/Menu";
import { Empty, Failure, OfflineNote, RowsSkeleton } from "../../ui/States";
import { toast } from "../../ui/Toasts";
import { When } from "../../ui/When";
import { preloadDocumentPage } from "./lazy";
import { RenameDialog } from "./RenameDialog";

type Shown = "community" | "author";

function mayWrite(facts: DocumentFacts): boolean {
  return facts.access === "write" || facts.access === "manage";
}

/** Arrow keys go from row to row; Enter opens, as on any link. */
function onArrows(event: KeyboardEvent<HTMLUListElement>): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>("a.cover")];
  const at = links.indexOf(document.activeElement as HTMLElement);
  if (at < 0) return;
  event.preventDefault();
  links[at + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
}

function Actions({ facts }: { facts: DocumentFacts }) {
  const { t } = useTranslation();
  const [renaming, setRenaming] = useState(false);
  return (
    <>
      <Menu
        label={t("documents.actionsOn", { title: facts.title })}
        trigger={
          <AriaButton className="icon-btn" aria-label={t("documents.actionsOn", { title: facts.title })}>
            <Icon of={Ellipsis} />
          </AriaButton>
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

function DocumentRow({ facts, shown, actions }: { facts: DocumentFacts; shown: Shown; actions: boolean }) {
  const { t } = useTranslation();
  const by = facts.updated_by ?? facts.created_by;
  const second =
    shown === "community"
      ? (facts.community?.name ?? t("documents.personal"))
      : by
        ? t("documents.changedBy", { name: by.name })
        : t("documents.neverChanged");
  return (
    <li>
      <div className="row mid">
        <span className="glyph">
          <Icon of={FileText} />
        </span>
        <div className="grow">
          <p className="clip">
            <Link className="cover" to="/d/$id" params={{ id: facts.id }}>
              {facts.title}
            </Link>
          </p>
          <p className="meta clip">{second}</p>
        </div>
        <div className="end">
          <span className="meta not-phone">
            <When at={facts.updated_at} />
          </span>
          {actions ? <Actions facts={facts} /> : null}
        </div>
      </div>
    </li>
  );
}

function Rows({ items, shown, actions }: { items: DocumentFacts[]; shown: Shown; actions: boolean }) {
  useEffect(() => {
    // The next step is most likely one of these.
    const timer = setTimeout(preloadDocumentPage, 1500);
    return () => clearTimeout(timer);
  }, []);
  return (
    <ul className="rows" onKeyDown={onArrows}>
      {items.map((facts) => (
        <DocumentRow key={facts.id} facts={facts} shown={shown} actions={actions} />
      ))}
    </ul>
  );
}

function referenceOf(error: Error): string | undefined {
  return error instanceof Problem ? error.reference : undefined;
}

type RecentProps = { community: string | null; action: ReactNode; emptyText: string; limit?: number };

/** The latest few. */
export function RecentDocuments({ community, action, emptyText, limit = 6 }: RecentProps) {
  const { t } = useTranslation();
  const recent = useQuery(recentDocumentsQuery(community, limit));
  if (recent.isPending) return <RowsSkeleton label={t("documents.loading")} />;
  if (recent.isError) {
    return (
      <Failure
        what={t("documents.failed")}
        retry={() => void recent.refetch()}
        reference={referenceOf(recent.error)}
      />
    );
  }
  if (recent.data.items.length === 0) {
    return (
      <Empty icon={FileText} action={action}>
        {emptyText}
      </Empty>
    );
  }
  return (
    <Rows items={recent.data.items} shown={community === null ? "community" : "author"} actions={false} />
  );
}

type AllProps = { community: string | null; action: ReactNode; emptyText: string };

/** All of them, latest first, a page at a time. */
export function AllDocuments({ community, action, emptyText }: AllProps) {
  const { t } = useTranslation();
  const online = useOnline();
  const all = useInfiniteQuery(documentsQuery(community));
  if (all.isPending) return <RowsSkeleton label={t("documents.loading")} />;
  if (all.isError) {
    return (
      <Failure
        what={t("documents.failed")}
        retry={() => void all.refetch()}
        reference={referenceOf(all.error)}
      />
    );
  }
  const items = all.data.pages.flatMap((page) => page.items);
  return (
    <>
      {online ? null : <OfflineNote />}
      {items.length === 0 ? (
        <Empty icon={FileText} action={action}>
          {emptyText}
        </Empty>
      ) : (
        <Rows items={items} shown={community === null ? "community" : "author"} actions />
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
