/** A "/" at the start of a paragraph opens the list of blocks; what is typed after it narrows the list. */
import { type Editor, Extension, type Range } from "@tiptap/core";
import { PluginKey } from "@tiptap/pm/state";
import { Suggestion } from "@tiptap/suggestion";

export type SlashState = { query: string; range: Range; rect: DOMRect };

export type SlashOptions = {
  onChange: (state: SlashState | null) => void;
  /** Whether the list took the key. */
  onKey: (event: KeyboardEvent) => boolean;
};

export const Slash = Extension.create<SlashOptions>({
  name: "slash",
  addOptions: () => ({ onChange: () => {}, onKey: () => false }),
  addProseMirrorPlugins() {
    const { onChange, onKey } = this.options;
    const show = (props: { query: string; range: Range; clientRect?: (() => DOMRect | null) | null }) => {
      const rect = props.clientRect?.();
      onChange(rect ? { query: props.query, range: props.range, rect } : null);
    };
    return [
      Suggestion({
        editor: this.editor,
        pluginKey: new PluginKey("slash"),
        char: "/",
        startOfLine: true,
        decorationClass: "slash-query",
        allow: ({ state, range }) => state.doc.resolve(range.from).parent.type.name === "paragraph",
        render: () => ({
          onStart: show,
          onUpdate: show,
          onKeyDown: ({ event }) => {
            if (event.key === "Escape") {
              onChange(null);
              return true;
            }
            return onKey(event);
          },
          onExit: () => onChange(null),
        }),
      }),
    ];
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
