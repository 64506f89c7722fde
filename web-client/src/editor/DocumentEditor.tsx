import { EditorContent, useEditor } from "@tiptap/react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { useTranslation } from "react-i18next";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import { documentExtensions } from "./extensions";
import { LinkDialog } from "./LinkDialog";
import { SlashMenu } from "./SlashMenu";
import type { SlashState } from "./slash";
import { Toolbar, type ToolbarHandle } from "./Toolbar";
import "./editor.css";

type Props = {
  doc: Y.Doc;
  /** Null where nobody else is shown. */
  awareness: Awareness | null;
  editable: boolean;
  label: string;
  /** Where the toolbar goes: it belongs to the page's header. */
  toolbarPlace: HTMLElement | null;
  /** Set while the editor is there: puts the caret into the text. */
  onReady?: (focus: () => void) => void;
  children?: ReactNode;
};

/** Keeps `--keyboard` at the height a phone's keyboard takes from the page, so that the toolbar stands above it. */
function useKeyboardHeight(): void {
  useEffect(() => {
    const viewport = window.visualViewport;
    if (!viewport) return;
    const measure = () => {
      const covered = Math.max(0, window.innerHeight - viewport.height - viewport.offsetTop);
      document.documentElement.style.setProperty("--keyboard", `${Math.round(covered)}px`);
    };
    measure();
    viewport.addEventListener("resize", measure);
    viewport.addEventListener("scroll", measure);
    return () => {
      viewport.removeEventListener("resize", measure);
      viewport.removeEventListener("scroll", measure);
      document.documentElement.style.removeProperty("--keyboard");
    };
  }, []);
}

/** Rich text over a Y.Doc. It knows no address and asks no server. */
export function DocumentEditor({ doc, awareness, editable, label, toolbarPlace, onReady }: Props) {
  const { t, i18n } = useTranslation();
  const [linking, setLinking] = useState(false);
  const [slash, setSlash] = useState<SlashState | null>(null);
  const slashKeys = useRef<(event: KeyboardEvent) => boolean>(() => false);
  const toolbar = useRef<ToolbarHandle>(null);
  useKeyboardHeight();

  const editor = useEditor(
    {
      extensions: documentExtensions({
        doc,
        awareness,
        placeholder: t("editor.placeholder"),
        taskLabel: (text) => (text ? t("editor.taskLabel", { text }) : t("editor.taskEmpty")),
        toToolbar: () => toolbar.current?.enter(),
        editLink: () => setLinking(true),
        slash: { onChange: setSlash, onKey: (event) => slashKeys.current(event) },
      }),
      editable,
      // The page's policy refuses style elements: the rules are in editor.css.
      injectCSS: false,
      immediatelyRender: true,
      shouldRerenderOnTransaction: false,
      editorProps: {
        attributes: {
          class: "prose",
          id: "document-text",
          role: "textbox",
          "aria-multiline": "true",
          "aria-label": label,
          "aria-readonly": String(!editable),
          translate: "no",
        },
      },
    },
    [doc, awareness, i18n.language],
  );

  useEffect(() => {
    editor.setEditable(editable, false);
  }, [editor, editable]);

  useEffect(() => {
    onReady?.(() => editor.commands.focus("start"));
  }, [editor, onReady]);

  return (
    <>
      {editable && toolbarPlace
        ? createPortal(
            <Toolbar editor={editor} onLink={() => setLinking(true)} handle={toolbar} />,
            toolbarPlace,
          )
        : null}
      <EditorContent editor={editor} />
      {slash && editable ? (
        <SlashMenu editor={editor} state={slash} keys={slashKeys} onClose={() => setSlash(null)} />
      ) : null}
      {linking ? <LinkDialog editor={editor} onClose={() => setLinking(false)} /> : null}
    </>
  );
}
