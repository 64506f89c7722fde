import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { FileUser, LoaderCircle, Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { createDocument, documentQuery, type Feature, keep, type Me, uuidv7 } from "../../api";
import { Tile } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { Menu, MenuItem } from "../../ui/Menu";
import { toast } from "../../ui/Toasts";
import { preloadDocumentPage } from "./lazy";

/** Which list of which community; without a community one's own. */
type Wanted = { community: string | null; feature?: Feature };

function useCreate() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: ({ community, feature = "documents" }: Wanted) =>
      createDocument({
        id: uuidv7(Date.now()),
        title: t(`composition.features.${feature}.untitled`),
        community,
        ...(community === null ? {} : { feature }),
      }),
    onSuccess: async (made) => {
      queries.setQueryData(documentQuery(made.id).queryKey, made);
      keep(`document.${made.id}`, made);
      void queries.invalidateQueries({ queryKey: ["documents"] });
      await navigate({ to: "/d/$id", params: { id: made.id }, state: { fresh: true } });
    },
    onError: () => toast({ text: t("documents.createFailed") }),
  });
}

function Face({ busy, feature = "documents" }: { busy: boolean; feature?: Feature }) {
  const { t } = useTranslation();
  return (
    <>
      <Icon of={busy ? LoaderCircle : Plus} small turning={busy} />
      {busy ? t("documents.creating") : t(`composition.features.${feature}.create`)}
    </>
  );
}

/** Makes a document in this community, in one of its lists, and opens it on its title. */
export function NewDocument({
  community,
  feature = "documents",
  quiet = false,
}: Wanted & {
  /** Where another button of the page comes first. */
  quiet?: boolean;
}) {
  const create = useCreate();
  return (
    <button
      type="button"
      className={quiet ? "btn" : "btn primary"}
      aria-busy={create.isPending}
      onPointerEnter={preloadDocumentPage}
      onClick={() => !create.isPending && create.mutate({ community, feature })}
    >
      <Face busy={create.isPending} feature={feature} />
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
      <MenuItem icon={FileUser} onAction={() => create.mutate({ community: null })}>
        {t("documents.forMe")}
      </MenuItem>
      {places.map((place) => (
        <MenuItem
          key={place.id}
          face={<Tile id={place.id} name={place.name} size="sm" />}
          onAction={() => create.mutate({ community: place.slug })}
        >
          {place.name}
        </MenuItem>
      ))}
    </Menu>
  );
}
