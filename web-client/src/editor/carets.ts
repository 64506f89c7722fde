/**
 * Carets and selections of the others. A name stands above a caret while its owner moves it and for two seconds after,
 * then only a flag; it flips to the left near the right edge. With more than eight people, flags only.
 *
 * Classes only, never a style attribute: the page's policy refuses those.
 */
import { Extension } from "@tiptap/core";
import { Plugin, PluginKey } from "@tiptap/pm/state";
import { yCursorPlugin } from "@tiptap/y-tiptap";
import type { Awareness } from "y-protocols/awareness";
import { personClass } from "../ui/person";

const NAMED_MS = 2000;
const MOST_NAMED = 8;
const WORD_JOINER = "\u2060";

type Announced = { id?: unknown; name?: unknown };

function colourOf(user: Announced): string {
  return personClass(String(user.id ?? user.name ?? ""));
}

function drawCaret(user: Announced, clientId: number): HTMLElement {
  const caret = document.createElement("span");
  caret.className = `caret ${colourOf(user)} named`;
  caret.dataset.client = String(clientId);
  caret.setAttribute("aria-hidden", "true");
  const label = document.createElement("span");
  label.textContent = String(user.name ?? "").slice(0, 40);
  caret.append(WORD_JOINER, label, WORD_JOINER);
  return caret;
}

class Names {
  #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #frame = 0;

  constructor(
    readonly root: HTMLElement,
    readonly awareness: Awareness,
  ) {
    awareness.on("change", this.#onChange);
  }

  #onChange = ({ added, updated }: { added: number[]; updated: number[] }) => {
    for (const client of [...added, ...updated]) {
      if (client === this.awareness.clientID) continue;
      clearTimeout(this.#timers.get(client));
      this.#timers.set(
        client,
        setTimeout(() => {
          this.#timers.delete(client);
          this.#draw();
        }, NAMED_MS),
      );
    }
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  };

  #draw(): void {
    const carets = this.root.querySelectorAll<HTMLElement>(".caret[data-client]");
    const crowded = carets.length > MOST_NAMED;
    const edge = this.root.getBoundingClientRect().right;
    for (const caret of carets) {
      const named = !crowded && this.#timers.has(Number(caret.dataset.client));
      caret.classList.toggle("named", named);
      const label = caret.querySelector("span");
      if (!label) continue;
      const at = caret.getBoundingClientRect().left;
      caret.classList.toggle("flip", at + label.offsetWidth > edge);
    }
  }

  destroy(): void {
    this.awareness.off("change", this.#onChange);
    cancelAnimationFrame(this.#frame);
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}

export const Carets = Extension.create<{ awareness: Awareness | null }>({
  name: "carets",
  addOptions: () => ({ awareness: null }),
  addProseMirrorPlugins() {
    const { awareness } = this.options;
    if (!awareness) return [];
    return [
      yCursorPlugin(awareness, {
        cursorBuilder: drawCaret,
        selectionBuilder: (user: Announced) => ({ class: `remote ${colourOf(user)}` }),
      }),
      new Plugin({ key: new PluginKey("caretNames"), view: (view) => new Names(view.dom, awareness) }),
    ];
  },
});
