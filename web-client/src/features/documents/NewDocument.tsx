import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { FileUser, LoaderCircle, Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { createDocument, documentQuery, keep, type Me, uuidv7 } from "../../api";
import { Tile } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { Menu, MenuItem } from "../../ui/Menu";
import { toast } from "../../ui/Toasts";
import { preloadDocumentPage } from "./lazy";

function useCreate() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (community: string | null) =>
      createDocument({ id: uuidv7(Date.now()), title: t("documents.untitled"), community }),
    onSuccess: async (made) => {
      queries.setQueryData(documentQuery(made.id).queryKey, made);
      keep(`document.${made.id}`, made);
      void queries.invalidateQueries({ queryKey: ["documents"] });
      await navigate({ to: "/d/$id", params: { id: made.id }, state: { fresh: true } });
    },
    onError: () => toast({ text: t("documents.createFailed") }),
  });
}

function Face({ busy }: { busy: boolean }) {
  const { t } = useTranslation();
  return (
    <>
      <Icon of={busy ? LoaderCircle : Plus} small turning={busy} />
      {t(busy ? "documents.creating" : "documents.new")}
    </>
  );
}

/** Makes a document in this community, and opens it on its title. */
export function NewDocument({ community }: { community: string | null }) {
  const create = useCreate();
  return (
    <button
      type="button"
      className="btn primary"
      aria-busy={create.isPending}
      onPointerEnter={preloadDocumentPage}
      onClick={() => !create.isPending && create.mutate(community)}
    >
      <Face busy={create.isPending} />
    </button>
  );
}

/** The same, where one has first to say whose it will be. */
export function NewDocumentSomewhere({ me }: { me: Me }) {
  const { t } = useTranslation();
  const create = useCreate();
  const places = me.communities.filter((community) => community.role !== "reader");
  if (places.length === 0) return <NewDocument community={null} />;
  return (
    <Menu
      label={t("documents.where")}
      trigger={
        <button
          type="button"
          className="btn primary"
          aria-busy={create.isPending}
          aria-disabled={create.isPending}
        >
          <Face busy={create.isPending} />
        </button>
      }
    >
      <MenuItem icon={FileUser} onAction={() => create.mutate(null)}>
        {t("documents.forMe")}
      </MenuItem>
      {places.map((place) => (
        <MenuItem
          key={place.id}
          face={<Tile id={place.id} name={place.name} size="sm" />}
          onAction={() => create.mutate(place.slug)}
        >
          {place.name}
        </MenuItem>
      ))}
    </Menu>
  );
}
