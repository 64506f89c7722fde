import type { Editor } from "@tiptap/core";
import {
  Heading2,
  Heading3,
  List,
  ListChecks,
  ListOrdered,
  type LucideIcon,
  Minus,
  Quote,
  Table,
} from "lucide-react";
import { type RefObject, useEffect, useId, useState } from "react";
import { createPortal } from "react-dom";
import { useTranslation } from "react-i18next";
import { Icon } from "../ui/Icon";
import { BLOCKS, type Block, insertBlock, plain, type SlashState } from "./slash";

const ICONS: Record<Block, LucideIcon> = {
  heading: Heading2,
  subheading: Heading3,
  bullets: List,
  numbers: ListOrdered,
  tasks: ListChecks,
  quote: Quote,
  table: Table,
  rule: Minus,
};
const KEYS = {
  heading: "editor.styles.heading",
  subheading: "editor.styles.subheading",
  bullets: "editor.bullets",
  numbers: "editor.numbers",
  tasks: "editor.tasks",
  quote: "editor.quote",
  table: "editor.table.insert",
  rule: "editor.rule",
} as const satisfies Record<Block, string>;
/** Room the list needs under the line; without it, it opens above. */
const HEIGHT = 300;

type Props = {
  editor: Editor;
  state: SlashState;
  keys: RefObject<(event: KeyboardEvent) => boolean>;
  onClose: () => void;
};

/** The focus stays in the text; the chosen entry is told by aria-activedescendant. */
export function SlashMenu({ editor, state, keys, onClose }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const [at, setAt] = useState(0);
  const shown = BLOCKS.filter((block) => plain(t(KEYS[block])).includes(plain(state.query)));
  const current = shown[Math.min(at, shown.length - 1)];
  const active = current ? `${id}-${current}` : null;

  useEffect(() => {
    const field = editor.view.dom;
    if (active === null) return;
    field.setAttribute("aria-controls", id);
    field.setAttribute("aria-activedescendant", active);
    return () => {
      field.removeAttribute("aria-controls");
      field.removeAttribute("aria-activedescendant");
    };
  }, [editor, id, active]);

  function choose(block: Block): void {
    insertBlock(editor, state.range, block);
    onClose();
  }

  keys.current = (event) => {
    if (!current) return false;
    const here = shown.indexOf(current);
    if (event.key === "ArrowDown") setAt((here + 1) % shown.length);
    else if (event.key === "ArrowUp") setAt((here - 1 + shown.length) % shown.length);
    else if (event.key === "Enter") choose(current);
    else return false;
    return true;
  };

  useEffect(() => {
    if (active) document.getElementById(active)?.scrollIntoView({ block: "nearest" });
  }, [active]);

  if (shown.length === 0) return null;
  const { rect } = state;
  const below = rect.bottom + HEIGHT < window.innerHeight;
  const left = Math.max(8, Math.min(rect.left, window.innerWidth - 240));
  const place = below ? { top: rect.bottom + 4, left } : { bottom: window.innerHeight - rect.top + 4, left };
  return createPortal(
    <div className="menu slash-menu" role="listbox" id={id} aria-label={t("editor.blocks")} style={place}>
      {shown.map((block) => (
        // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the text
        // biome-ignore lint/a11y/useKeyWithClickEvents: its keys are handled in the text
        <div
          key={block}
          id={`${id}-${block}`}
          className="menu-item"
          role="option"
          aria-selected={block === current}
          data-focused={block === current || undefined}
          onMouseDown={(event) => event.preventDefault()}
          onPointerMove={() => setAt(shown.indexOf(block))}
          onClick={() => choose(block)}
        >
          <Icon of={ICONS[block]} />
          {t(KEYS[block])}
        </div>
      ))}
    </div>,
    document.body,
  );
}
