import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Archive, ArchiveRestore, Blocks, Ellipsis, EyeOff, Globe, KeyRound, Lock } from "lucide-react";
import { type FormEvent, useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type AdminCommunity,
  type AdminCommunityFilter,
  adminCommunitiesQuery,
  archiveCommunity,
  enterCommunity,
  restoreCommunity,
} from "../../api";
import { Tile } from "../../ui/Face";
import { FieldError } from "../../ui/Fields";
import { Icon } from "../../ui/Icon";
import { Listed, SearchField, Tabs, useSettled } from "../../ui/Lists";
import { Menu, MenuItem } from "../../ui/Menu";
import { Dialog } from "../../ui/Overlay";
import { Empty } from "../../ui/States";
import { toast } from "../../ui/Toasts";
import { When } from "../../ui/When";
import { AdminForbidden, AdminFrame, useAdminProblem, useFilters } from "./frame";

/** What the server asks for at least. */
const REASON_LEAST = 10;
const VISIBILITY_ICONS = { public: Globe, private: Lock, secret: EyeOff } as const;
const FILTERS: readonly AdminCommunityFilter[] = ["all", "living", "sleeping", "leaderless", "archived"];

/** Entering is announced to those who lead, written down, and ends by itself. */
function EnterDialog({ community, onClose }: { community: AdminCommunity; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const why = useAdminProblem();
  const id = useId();
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const enter = useMutation({
    mutationFn: () => enterCommunity(community.slug, reason.trim()),
    onSuccess: async () => {
      await queries.invalidateQueries();
      await navigate({ to: "/c/$slug", params: { slug: community.slug } });
    },
    onError: (error) => toast({ text: why(error) }),
  });
  function send(event: FormEvent): void {
    event.preventDefault();
    if (reason.trim().length < REASON_LEAST) {
      setMissing(true);
      document.getElementById(id)?.focus();
      return;
    }
    if (!enter.isPending) enter.mutate();
  }
  return (
    <Dialog title={t("admin.communities.enterTitle", { name: community.name })} onClose={onClose}>
      <p>{t("admin.communities.enterText")}</p>
      <form className="form top" onSubmit={send} noValidate>
        <div className="field">
          <label htmlFor={id}>{t("admin.communities.reason")}</label>
          <textarea
            id={id}
            className="textarea short"
            rows={3}
            maxLength={500}
            value={reason}
            aria-invalid={missing}
            aria-describedby={missing ? `${id}-error ${id}-hint` : `${id}-hint`}
            onChange={(event) => {
              setReason(event.target.value);
              setMissing(false);
            }}
          />
          {missing ? (
            <FieldError id={`${id}-error`}>{t("admin.communities.reasonMissing")}</FieldError>
          ) : null}
          <p className="hint" id={`${id}-hint`}>
            {t("admin.communities.reasonHint")}
          </p>
        </div>
        <div className="actions">
          <button type="button" className="btn" onClick={onClose}>
            {t("common.cancel")}
          </button>
          <button type="submit" className="btn primary" aria-busy={enter.isPending}>
            {t("admin.communities.enterDo")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Actions({ community }: { community: AdminCommunity }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const why = useAdminProblem();
  const [entering, setEntering] = useState(false);
  const label = t("admin.communities.actionsFor", { name: community.name });
  const { mutate } = useMutation({
    mutationFn: ({ archived }: { archived: boolean; undone: boolean }) =>
      archived ? archiveCommunity(community.slug) : restoreCommunity(community.slug),
    onSuccess: (_done, { archived, undone }) => {
      if (undone) return;
      toast({
        text: archived ? t("community.archived", { name: community.name }) : t("community.restored"),
        undo: () => mutate({ archived: !archived, undone: true }),
      });
    },
    onError: (error) => toast({ text: why(error) }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["admin"] }),
  });
  return (
    <>
      <Menu
        label={label}
        trigger={
          <button type="button" className="icon-btn" aria-label={label} title={label}>
            <Icon of={Ellipsis} />
          </button>
        }
      >
        {community.visibility === "public" ? null : (
          <MenuItem icon={KeyRound} onAction={() => setEntering(true)}>
            {t("admin.communities.enter")}
          </MenuItem>
        )}
        {community.archived ? (
          <MenuItem icon={ArchiveRestore} onAction={() => mutate({ archived: false, undone: false })}>
            {t("community.restore")}
          </MenuItem>
        ) : (
          <MenuItem icon={Archive} onAction={() => mutate({ archived: true, undone: false })}>
            {t("community.archive")}
          </MenuItem>
        )}
      </Menu>
      {entering ? <EnterDialog community={community} onClose={() => setEntering(false)} /> : null}
    </>
  );
}

function Row({ community }: { community: AdminCommunity }) {
  const { t } = useTranslation();
  const leaders = community.leaders.map((leader) => leader.name).join(", ");
  return (
    <li>
      <div className="row mid">
        <Tile id={community.id} name={community.name} />
        <div className="grow">
          <p className="line tight">
            <span className="strong">
              {community.visibility === "public" ? (
                <Link to="/c/$slug" params={{ slug: community.slug }} className="cover">
                  {community.name}
                </Link>
              ) : (
                community.name
              )}
            </span>
            {community.archived ? <span className="badge">{t("admin.communities.archivedOne")}</span> : null}
            {community.leaders.length === 0 ? (
              <span className="badge danger">{t("admin.communities.leaderlessOne")}</span>
            ) : null}
          </p>
          <p className="meta dots">
            <Icon of={VISIBILITY_ICONS[community.visibility]} small />
            <span>
              {[
                t(`communities.visibility.${community.visibility}`),
                t("communities.memberCount", { count: community.members_count }),
                ...(leaders ? [t("admin.communities.ledBy", { names: leaders })] : []),
              ].join(" · ")}
            </span>
          </p>
        </div>
        <div className="end">
          <span className="meta not-phone">
            {community.active_at ? <When at={community.active_at} /> : t("admin.communities.neverActive")}
          </span>
          <Actions community={community} />
        </div>
      </div>
    </li>
  );
}

/** Every community of the instance, its secret ones too: their names, not what is in them. */
export function CommunitiesPage() {
  const { t } = useTranslation();
  const [filters, setFilters] = useFilters(["q", "filter"]);
  const [typed, setTyped] = useState(filters.q);
  const q = useSettled(typed.trim());
  useEffect(() => {
    if (q !== filters.q) setFilters({ q });
  }, [q, filters.q, setFilters]);
  const filter = FILTERS.find((one) => one === filters.filter) ?? "all";
  const list = useInfiniteQuery(adminCommunitiesQuery({ q: filters.q, filter }));
  return (
    <AdminFrame title={t("admin.sections.communities")} lede={t("admin.communities.lede")}>
      <Tabs<AdminCommunityFilter>
        label={t("directory.which")}
        value={filter}
        onChange={(value) => setFilters({ filter: value === "all" ? "" : value })}
        tabs={FILTERS.map((value) => ({ value, label: t(`admin.communities.filters.${value}`) }))}
      />
      <div className="filters">
        <div className="field wide">
          <SearchField
            label={t("directory.search")}
            placeholder={t("directory.searchHint")}
            value={typed}
            onChange={setTyped}
          />
        </div>
      </div>
      <Listed
        list={list}
        loading={t("directory.loading")}
        failed={t("directory.failed")}
        forbidden={<AdminForbidden />}
        empty={
          <Empty icon={Blocks}>
            {filters.q ? t("directory.nothing", { text: filters.q }) : t("admin.communities.none")}
          </Empty>
        }
      >
        {(items) => (
          <ul className="rows" aria-busy={list.isPlaceholderData}>
            {items.map((community) => (
              <Row key={community.id} community={community} />
            ))}
          </ul>
        )}
      </Listed>
    </AdminFrame>
  );
}
