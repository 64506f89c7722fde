/** A "/" typed at the start of a paragraph opens the list of blocks; what is typed after it narrows the list. */
import { type Editor, Extension, type Range } from "@tiptap/core";
import { Plugin, PluginKey } from "@tiptap/pm/state";
import type { EditorView } from "@tiptap/pm/view";

export type SlashState = { query: string; range: Range; rect: DOMRect };

export type SlashOptions = {
  onChange: (state: SlashState | null) => void;
  /** Whether the list took the key. */
  onKey: (event: KeyboardEvent) => boolean;
};

/** What stands between the "/" and the caret, while that is all there is before the caret in its paragraph. */
function readQuery(view: EditorView): SlashState | null {
  const { $from, empty } = view.state.selection;
  if (!empty || !view.editable || $from.parent.type.name !== "paragraph") return null;
  const before = $from.parent.textBetween(0, $from.parentOffset, undefined, "\ufffc");
  const query = /^\/([^\ufffc]{0,24})$/u.exec(before)?.[1];
  if (query === undefined) return null;
  const at = view.coordsAtPos($from.start());
  const range = { from: $from.start(), to: $from.pos };
  return { query, range, rect: new DOMRect(at.left, at.top, 0, at.bottom - at.top) };
}

/** Open from the moment a "/" is typed until it is gone, a block is made, Escape, or the text is left. */
function slashPlugin({ onChange, onKey }: SlashOptions): Plugin {
  let open = false;
  const close = () => {
    if (!open) return;
    open = false;
    onChange(null);
  };
  return new Plugin({
    key: new PluginKey("slash"),
    props: {
      handleTextInput: (view, from, _to, text) => {
        const { parent, parentOffset } = view.state.doc.resolve(from);
        if (text === "/" && parent.type.name === "paragraph" && parentOffset === 0) open = true;
        return false;
      },
      handleKeyDown: (_view, event) => {
        if (!open) return false;
        if (event.key !== "Escape") return onKey(event);
        close();
        return true;
      },
      handleDOMEvents: {
        blur: () => {
          close();
          return false;
        },
      },
    },
    view: () => ({
      update: (view) => {
        if (!open) return;
        const state = readQuery(view);
        if (state) onChange(state);
        else close();
      },
      destroy: close,
    }),
  });
}

export const Slash = Extension.create<SlashOptions>({
  name: "slash",
  addOptions: () => ({ onChange: () => {}, onKey: () => false }),
  addProseMirrorPlugins() {
    return [slashPlugin(this.options)];
  },
});

export const BLOCKS = [
  "heading",
  "subheading",
  "bullets",
  "numbers",
  "tasks",
  "quote",
  "table",
  "rule",
] as const;
export type Block = (typeof BLOCKS)[number];

/** Takes the "/…" away and makes the block in its place. */
export function insertBlock(editor: Editor, range: Range, block: Block): void {
  const chain = editor.chain().focus().deleteRange(range);
  switch (block) {
    case "heading":
      chain.setHeading({ level: 2 }).run();
      break;
    case "subheading":
      chain.setHeading({ level: 3 }).run();
      break;
    case "bullets":
      chain.toggleBulletList().run();
      break;
    case "numbers":
      chain.toggleOrderedList().run();
      break;
    case "tasks":
      chain.toggleTaskList().run();
      break;
    case "quote":
      chain.toggleBlockquote().run();
      break;
    case "table":
      chain.insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run();
      break;
    case "rule":
      chain.setHorizontalRule().run();
      break;
  }
}

/** Without accents and capitals, so that "tache" finds "Tâche". */
export function plain(words: string): string {
  return words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
