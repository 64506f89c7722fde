/** What lists have in common: their four states, the way to the next page, a field that searches. */
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { LoaderCircle, Search, WifiOff } from "lucide-react";
import { type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useOnline } from "./hooks";
import { Icon } from "./Icon";
import { Empty, Failure, Forbidden, OfflineNote, RowsSkeleton } from "./States";

type Page<Item> = { items: Item[]; next_cursor?: string | null };
type Pages<Item> = UseInfiniteQueryResult<InfiniteData<Page<Item>>, Error>;
/** What an error may tell of the server's refusal. */
type Refusal = Error & { status?: number; reference?: string | undefined };

/** Why a page's question has no answer: no network, not allowed, or something broke. */
export function Refused({
  error,
  failed,
  forbidden,
  retry,
}: {
  error: Error;
  failed: string;
  forbidden?: ReactNode;
  retry: () => void;
}) {
  const { t } = useTranslation();
  const { name, status, reference }: Refusal = error;
  if (name === "Unreachable") {
    return (
      <Empty
        icon={WifiOff}
        action={
          <button type="button" className="btn" onClick={retry}>
            {t("states.retry")}
          </button>
        }
      >
        {t("states.needsNetwork")}
      </Empty>
    );
  }
  if (status === 403) return forbidden ?? <Forbidden>{t("states.forbidden")}</Forbidden>;
  return <Failure what={failed} retry={retry} reference={reference} />;
}

export function MoreButton<Item>({ list }: { list: Pages<Item> }) {
  const { t } = useTranslation();
  if (!list.hasNextPage) return null;
  return (
    <p className="load">
      <button
        type="button"
        className="btn"
        aria-busy={list.isFetchingNextPage}
        onClick={() => !list.isFetchingNextPage && void list.fetchNextPage()}
      >
        {list.isFetchingNextPage ? <Icon of={LoaderCircle} small turning /> : null}
        {t(list.isFetchingNextPage ? "documents.loadingMore" : "documents.more")}
      </button>
    </p>
  );
}

type ListedProps<Item> = {
  list: Pages<Item>;
  loading: string;
  failed: string;
  forbidden?: ReactNode;
  empty: ReactNode;
  children: (items: Item[]) => ReactNode;
};

/** The items that are there, or the state in their place. */
export function Listed<Item>({ list, loading, failed, forbidden, empty, children }: ListedProps<Item>) {
  const online = useOnline();
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  if (list.isPending) return <RowsSkeleton label={loading} />;
  const away = !online || (list.error as Refusal | null)?.name === "Unreachable";
  if (list.isError && (!list.data || !away)) {
    return (
      <Refused error={list.error} failed={failed} forbidden={forbidden} retry={() => void list.refetch()} />
    );
  }
  return (
    <>
      {away ? <OfflineNote /> : null}
      {items.length === 0 ? empty : children(items)}
      <MoreButton list={list} />
    </>
  );
}

/** A value that is followed after a pause. */
export function useSettled<Value>(value: Value, pause = 250): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pause);
    return () => clearTimeout(timer);
  }, [value, pause]);
  return settled;
}

export function SearchField({
  label,
  placeholder,
  value,
  onChange,
}: {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <div className="with-icon">
      <Icon of={Search} small />
      <label className="sr" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="input"
        type="search"
        placeholder={placeholder}
        autoComplete="off"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}

export type TabOf<Value extends string> = { value: Value; label: string; count?: number | null | undefined };

/** Parts of one page; the part is a state of the page and not an address. */
export function Tabs<Value extends string>({
  label,
  tabs,
  value,
  onChange,
}: {
  label: string;
  tabs: readonly TabOf<Value>[];
  value: Value;
  onChange: (value: Value) => void;
}) {
  const bar = useRef<HTMLElement>(null);
  // A narrow window shows only some of them: the one that is open is among those.
  useEffect(() => {
    const open = bar.current?.querySelector<HTMLElement>(`[data-tab="${value}"]`);
    if (bar.current && open)
      bar.current.scrollLeft = open.offsetLeft - (bar.current.clientWidth - open.offsetWidth) / 2;
  }, [value]);
  return (
    <nav className="tabs" aria-label={label} ref={bar}>
      {tabs.map((tab) => (
        <button
          key={tab.value}
          type="button"
          data-tab={tab.value}
          aria-current={tab.value === value ? "page" : undefined}
          onClick={() => onChange(tab.value)}
        >
          {tab.label}
          {tab.count ? <span className="count">{tab.count}</span> : null}
        </button>
      ))}
    </nav>
  );
}
