import type { Editor } from "@tiptap/core";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "../ui/Overlay";

/** "exemple.fr" is meant as an address of the web. */
export function completeAddress(typed: string): string {
  const address = typed.trim();
  if (address === "" || /^(https?:|mailto:|tel:|\/|#)/i.test(address)) return address;
  if (/^[^\s/@]+@[^\s/@]+\.[^\s/@]+$/.test(address)) return `mailto:${address}`;
  return `https://${address}`;
}

/** Where the selection leads: set, changed or taken away. */
export function LinkDialog({ editor, onClose }: { editor: Editor; onClose: () => void }) {
  const { t } = useTranslation();
  const id = useId();
  const before: unknown = editor.getAttributes("link").href;
  const [address, setAddress] = useState(typeof before === "string" ? before : "");
  const [wrong, setWrong] = useState(false);

  function apply(event: FormEvent): void {
    event.preventDefault();
    const href = completeAddress(address);
    if (href === "") {
      setWrong(true);
      return;
    }
    const { empty } = editor.state.selection;
    const chain = editor.chain().focus().extendMarkRange("link");
    const done =
      empty && !editor.isActive("link")
        ? chain
            .insertContent({ type: "text", text: address.trim(), marks: [{ type: "link", attrs: { href } }] })
            .run()
        : chain.setLink({ href }).run();
    if (done) onClose();
    else setWrong(true);
  }

  return (
    <Dialog onClose={onClose} title={t("editor.link.title")}>
      <form className="form" onSubmit={apply} noValidate>
        <div className="field">
          <label htmlFor={id}>{t("editor.link.address")}</label>
          <input
            id={id}
            className="input"
            type="text"
            inputMode="url"
            autoComplete="off"
            value={address}
            aria-invalid={wrong}
            aria-describedby={wrong ? `${id}-wrong` : undefined}
            onChange={(event) => {
              setAddress(event.target.value);
              setWrong(false);
            }}
          />
          {wrong ? (
            <p className="error" id={`${id}-wrong`}>
              {t("editor.link.wrong")}
            </p>
          ) : null}
        </div>
        <div className="actions">
          {typeof before === "string" ? (
            <button
              type="button"
              className="btn"
              onClick={() => {
                editor.chain().focus().extendMarkRange("link").unsetLink().run();
                onClose();
              }}
            >
              {t("editor.link.remove")}
            </button>
          ) : (
            <button type="button" className="btn" onClick={onClose}>
              {t("common.cancel")}
            </button>
          )}
          <button type="submit" className="btn primary">
            {t("editor.link.apply")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
