/** The schema of a document, and the keys that are ours. Names of nodes and marks are what the shared text stores. */
import { Extension, type Extensions, Mark, mergeAttributes } from "@tiptap/core";
import { Collaboration } from "@tiptap/extension-collaboration";
import { Heading } from "@tiptap/extension-heading";
import { TaskItem, TaskList } from "@tiptap/extension-list";
import { Table, TableCell, TableHeader, TableRow } from "@tiptap/extension-table";
import { Placeholder } from "@tiptap/extensions";
import { StarterKit } from "@tiptap/starter-kit";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import { Carets } from "./carets";
import { Slash, type SlashOptions } from "./slash";

/** Marks of the suggestion mode to come: known from the start, so that no client ever drops them. */
function reserved(name: string, tag: string) {
  return Mark.create({
    name,
    inclusive: false,
    addAttributes: () => ({ id: { default: null, rendered: false } }),
    renderHTML: ({ HTMLAttributes }) => [
      tag,
      mergeAttributes(HTMLAttributes, { "data-suggestion": name }),
      0,
    ],
  });
}

/** The page's title is its only first-level heading: a level 1 in the text is drawn as a level 2. */
const ShiftedHeading = Heading.extend({
  renderHTML({ node, HTMLAttributes }) {
    const level = Math.max(2, Number(node.attrs.level) || 2);
    return [`h${level}`, mergeAttributes(HTMLAttributes), 0];
  },
}).configure({ levels: [1, 2, 3, 4] });

/** A table scrolls inside its own frame and never carries a style attribute. */
const FramedTable = Table.extend({
  renderHTML() {
    return ["div", { class: "scroll-x" }, ["table", ["tbody", 0]]];
  },
  addNodeView() {
    return () => {
      const frame = document.createElement("div");
      frame.className = "scroll-x";
      const table = document.createElement("table");
      const body = document.createElement("tbody");
      table.append(body);
      frame.append(table);
      return { dom: frame, contentDOM: body };
    };
  },
});

export type EditorKeys = { toToolbar: () => void; editLink: () => void };

const Keys = Extension.create<EditorKeys>({
  name: "unissonKeys",
  addOptions: () => ({ toToolbar: () => {}, editLink: () => {} }),
  addKeyboardShortcuts() {
    return {
      "Alt-F10": () => {
        this.options.toToolbar();
        return true;
      },
      "Mod-k": () => {
        this.options.editLink();
        return true;
      },
    };
  },
});

export type DocumentOptions = EditorKeys & {
  doc: Y.Doc;
  awareness: Awareness | null;
  placeholder: string;
  taskLabel: (text: string) => string;
  slash: SlashOptions;
};

export function documentExtensions(options: DocumentOptions): Extensions {
  return [
    StarterKit.configure({
      // The shared text has its own undo, of one's own edits.
      undoRedo: false,
      // Opening a document must never write into it.
      trailingNode: false,
      heading: false,
      link: {
        openOnClick: false,
        autolink: true,
        HTMLAttributes: { rel: "noopener noreferrer", target: "_blank" },
      },
    }),
    ShiftedHeading,
    TaskList,
    TaskItem.configure({
      nested: true,
      a11y: { checkboxLabel: (node) => options.taskLabel(node.textContent) },
    }),
    FramedTable.configure({ resizable: false }),
    TableRow,
    TableHeader,
    TableCell,
    reserved("insertion", "ins"),
    reserved("deletion", "del"),
    reserved("modification", "span"),
    Placeholder.configure({ placeholder: options.placeholder }),
    Collaboration.configure({ document: options.doc }),
    Carets.configure({ awareness: options.awareness }),
    Slash.configure(options.slash),
    Keys.configure({ toToolbar: options.toToolbar, editLink: options.editLink }),
  ];
}
