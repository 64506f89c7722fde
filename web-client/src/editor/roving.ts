/** One tab stop for a whole toolbar: arrows, Home and End move inside, and the place is remembered. */
import { type KeyboardEvent, type RefObject, useState } from "react";

const ITEM = "[data-tool]";

export function useRoving(bar: RefObject<HTMLElement | null>, first: string, onEscape: () => void) {
  const [current, setCurrent] = useState(first);

  function items(): HTMLElement[] {
    return [...(bar.current?.querySelectorAll<HTMLElement>(ITEM) ?? [])];
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      onEscape();
      return;
    }
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return;
    const last = all.length - 1;
    const to =
      event.key === "ArrowRight"
        ? at === last
          ? 0
          : at + 1
        : event.key === "ArrowLeft"
          ? at === 0
            ? last
            : at - 1
          : event.key === "Home"
            ? 0
            : event.key === "End"
              ? last
              : -1;
    if (to < 0) return;
    event.preventDefault();
    all[to]?.focus();
  }

  return {
    bar: {
      onKeyDown,
      onFocus: (event: { target: EventTarget }) => {
        const tool = event.target instanceof HTMLElement ? event.target.dataset.tool : undefined;
        if (tool) setCurrent(tool);
      },
    },
    isStop: (tool: string) => tool === current,
    /** Puts the focus where it last was in the bar. */
    enter: () => (items().find((item) => item.dataset.tool === current) ?? items()[0])?.focus(),
  };
}
