import type { Editor } from "@tiptap/core";
import { useEditorState } from "@tiptap/react";
import {
  Bold,
  ChevronDown,
  Italic,
  Link,
  List,
  ListChecks,
  ListOrdered,
  type LucideIcon,
  Quote,
  Redo2,
  Strikethrough,
  Table,
  Undo2,
} from "lucide-react";
import { type ReactNode, type RefObject, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import { Menu, MenuItem } from "../ui/Menu";
import { useRoving } from "./roving";

const STYLES = ["text", "heading", "subheading", "minor"] as const;
type Style = (typeof STYLES)[number];
const LEVELS: Record<Exclude<Style, "text">, 2 | 3 | 4> = { heading: 2, subheading: 3, minor: 4 };

function styleAt(editor: Editor): Style {
  if (editor.isActive("heading", { level: 4 })) return "minor";
  if (editor.isActive("heading", { level: 3 })) return "subheading";
  return editor.isActive("heading") ? "heading" : "text";
}

function activeIn(editor: Editor) {
  return {
    style: styleAt(editor),
    bold: editor.isActive("bold"),
    italic: editor.isActive("italic"),
    strike: editor.isActive("strike"),
    link: editor.isActive("link"),
    bullets: editor.isActive("bulletList"),
    numbers: editor.isActive("orderedList"),
    tasks: editor.isActive("taskList"),
    quote: editor.isActive("blockquote"),
    table: editor.isActive("table"),
    canUndo: editor.can().undo(),
    canRedo: editor.can().redo(),
  };
}

type ToolProps = {
  name: string;
  icon: LucideIcon;
  label: string;
  stop: boolean;
  run: () => void;
  /** On or off, for what can be either. */
  on?: boolean;
  disabled?: boolean;
};

function Tool({ name, icon, label, stop, run, on, disabled = false }: ToolProps) {
  return (
    <button
      type="button"
      className="icon-btn"
      data-tool={name}
      tabIndex={stop ? 0 : -1}
      aria-label={label}
      title={label}
      aria-pressed={on}
      aria-disabled={disabled || undefined}
      // The selection stays where it is.
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => !disabled && run()}
    >
      <Icon of={icon} />
    </button>
  );
}

type ToolMenuProps = {
  name: string;
  label: string;
  stop: boolean;
  className: string;
  face: ReactNode;
  children: ReactNode;
};

function ToolMenu({ name, label, stop, className, face, children }: ToolMenuProps) {
  return (
    <Menu
      label={label}
      placement="bottom start"
      trigger={
        <button
          type="button"
          className={className}
          data-tool={name}
          tabIndex={stop ? 0 : -1}
          aria-label={label}
        >
          {face}
        </button>
      }
    >
      {children}
    </Menu>
  );
}

export type ToolbarHandle = { enter: () => void };

/** Everything that can be done to the text, by mouse, by touch, and by keyboard (Alt + F10 from the text). */
export function Toolbar({
  editor,
  onLink,
  handle,
}: {
  editor: Editor;
  onLink: () => void;
  handle: RefObject<ToolbarHandle | null>;
}) {
  const { t } = useTranslation();
  const bar = useRef<HTMLDivElement>(null);
  const roving = useRoving(bar, "style", () => editor.commands.focus());
  handle.current = { enter: roving.enter };
  const at = useEditorState({ editor, selector: ({ editor: now }) => activeIn(now) });
  const on = () => {
    // At once, and not with the next frame: the next key belongs to the text already.
    editor.view.focus();
    return editor.chain().focus();
  };

  const tool = (
    name: string,
    icon: LucideIcon,
    label: string,
    run: () => void,
    rest: { on?: boolean; disabled?: boolean } = {},
  ) => <Tool name={name} icon={icon} label={label} stop={roving.isStop(name)} run={run} {...rest} />;

  return (
    <div
      className="toolbar"
      role="toolbar"
      aria-label={t("editor.toolbar")}
      aria-controls="document-text"
      aria-keyshortcuts="Alt+F10"
      ref={bar}
      {...roving.bar}
    >
      <ToolMenu
        name="style"
        label={t("editor.styleNow", { style: t(`editor.styles.${at.style}`) })}
        stop={roving.isStop("style")}
        className="style"
        face={
          <>
            {t(`editor.styles.${at.style}`)}
            <Icon of={ChevronDown} small />
          </>
        }
      >
        {STYLES.map((style) => (
          <MenuItem
            key={style}
            onAction={() =>
              style === "text" ? on().setParagraph().run() : on().setHeading({ level: LEVELS[style] }).run()
            }
          >
            {t(`editor.styles.${style}`)}
          </MenuItem>
        ))}
      </ToolMenu>
      <span className="sep" />
      {tool("bold", Bold, t("editor.bold"), () => on().toggleBold().run(), { on: at.bold })}
      {tool("italic", Italic, t("editor.italic"), () => on().toggleItalic().run(), { on: at.italic })}
      {tool("strike", Strikethrough, t("editor.strike"), () => on().toggleStrike().run(), { on: at.strike })}
      {tool("link", Link, t("editor.link.tool"), onLink, { on: at.link })}
      <span className="sep" />
      {tool("bullets", List, t("editor.bullets"), () => on().toggleBulletList().run(), { on: at.bullets })}
      {tool("numbers", ListOrdered, t("editor.numbers"), () => on().toggleOrderedList().run(), {
        on: at.numbers,
      })}
      {tool("tasks", ListChecks, t("editor.tasks"), () => on().toggleTaskList().run(), { on: at.tasks })}
      {tool("quote", Quote, t("editor.quote"), () => on().toggleBlockquote().run(), { on: at.quote })}
      {at.table ? (
        <ToolMenu
          name="table"
          label={t("editor.table.menu")}
          stop={roving.isStop("table")}
          className="icon-btn on"
          face={<Icon of={Table} />}
        >
          <MenuItem onAction={() => on().addRowBefore().run()}>{t("editor.table.rowBefore")}</MenuItem>
          <MenuItem onAction={() => on().addRowAfter().run()}>{t("editor.table.rowAfter")}</MenuItem>
          <MenuItem onAction={() => on().deleteRow().run()}>{t("editor.table.deleteRow")}</MenuItem>
          <MenuItem onAction={() => on().addColumnBefore().run()}>{t("editor.table.columnBefore")}</MenuItem>
          <MenuItem onAction={() => on().addColumnAfter().run()}>{t("editor.table.columnAfter")}</MenuItem>
          <MenuItem onAction={() => on().deleteColumn().run()}>{t("editor.table.deleteColumn")}</MenuItem>
          <MenuItem onAction={() => on().toggleHeaderRow().run()}>{t("editor.table.headerRow")}</MenuItem>
          <MenuItem danger onAction={() => on().deleteTable().run()}>
            {t("editor.table.delete")}
          </MenuItem>
        </ToolMenu>
      ) : (
        tool("table", Table, t("editor.table.insert"), () =>
          on().insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run(),
        )
      )}
      <span className="sep" />
      {tool("undo", Undo2, t("editor.undo"), () => on().undo().run(), { disabled: !at.canUndo })}
      {tool("redo", Redo2, t("editor.redo"), () => on().redo().run(), { disabled: !at.canRedo })}
    </div>
  );
}
