import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type DocumentFacts, documentQuery, keep, Problem, renameDocument } from "../../api";
import { toast } from "../../ui/Toasts";

/** The server's own limit, in characters. */
export const TITLE_LENGTH = 200;

/** Puts a title everywhere it is shown. */
export function showTitle(queries: QueryClient, id: string, title: string): void {
  const { queryKey } = documentQuery(id);
  const before = queries.getQueryData<DocumentFacts>(queryKey);
  if (before && before.title !== title) {
    const after = { ...before, title };
    queries.setQueryData(queryKey, after);
    keep(`document.${id}`, after);
  }
  void queries.invalidateQueries({ queryKey: ["documents"] });
}

/** Renames at once on the screen, then on the server; what the server refuses is taken back and said. */
export function useRename(id: string): (title: string) => void {
  const queries = useQueryClient();
  const { t } = useTranslation();
  const { mutate } = useMutation({
    mutationFn: (title: string) => renameDocument(id, title),
    onMutate: (title) => {
      const before = queries.getQueryData<DocumentFacts>(documentQuery(id).queryKey);
      showTitle(queries, id, title);
      return { before };
    },
    onError: (error, _title, context) => {
      if (context?.before) showTitle(queries, id, context.before.title);
      toast({ text: t(error instanceof Problem ? "documents.renameRefused" : "documents.renameFailed") });
    },
    onSuccess: (after) => {
      queries.setQueryData(documentQuery(id).queryKey, after);
      keep(`document.${id}`, after);
    },
    onSettled: () => void queries.invalidateQueries({ queryKey: ["documents"] }),
  });
  return mutate;
}
