import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DocumentFacts } from "../../api";
import { Dialog } from "../../ui/Overlay";
import { TITLE_LENGTH, useRename } from "./rename";

export function RenameDialog({ facts, onClose }: { facts: DocumentFacts; onClose: () => void }) {
  const { t } = useTranslation();
  const id = useId();
  const [title, setTitle] = useState(facts.title);
  const [empty, setEmpty] = useState(false);
  const rename = useRename(facts.id);

  function save(event: FormEvent): void {
    event.preventDefault();
    const wanted = title.trim();
    if (wanted === "") {
      setEmpty(true);
      return;
    }
    if (wanted !== facts.title) rename(wanted);
    onClose();
  }

  return (
    <Dialog onClose={onClose} title={t("documents.rename")}>
      <form className="form" onSubmit={save} noValidate>
        <div className="field">
          <label htmlFor={id}>{t("documents.title")}</label>
          <input
            id={id}
            className="input"
            value={title}
            maxLength={TITLE_LENGTH}
            autoComplete="off"
            onFocus={(event) => event.target.select()}
            aria-invalid={empty}
            aria-describedby={empty ? `${id}-empty` : undefined}
            onChange={(event) => {
              setTitle(event.target.value);
              setEmpty(false);
            }}
          />
          {empty ? (
            <p className="error" id={`${id}-empty`}>
              {t("documents.titleEmpty")}
            </p>
          ) : null}
        </div>
        <div className="actions">
          <button type="button" className="btn" onClick={onClose}>
            {t("common.cancel")}
          </button>
          <button type="submit" className="btn primary">
            {t("documents.renameDo")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
