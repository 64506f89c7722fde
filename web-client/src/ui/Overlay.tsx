/**
 * What lies over the page: the browser's own modal dialog. It keeps the focus in, makes the rest of the page inert, and
 * gives the focus back.
 */
import { type MouseEvent, type ReactNode, type SyntheticEvent, useId, useLayoutEffect, useRef } from "react";

type OverlayProps = {
  onClose: () => void;
  /** False when the way out is a choice and not a slip. */
  dismissable?: boolean;
  children: ReactNode;
};

type FrameProps = OverlayProps & { className: string; label?: string; labelledBy?: string };

function Frame({ className, label, labelledBy, onClose, dismissable = true, children }: FrameProps) {
  const dialog = useRef<HTMLDialogElement>(null);

  useLayoutEffect(() => {
    const shown = dialog.current;
    if (!shown) return;
    const before = document.activeElement;
    shown.showModal();
    return () => {
      shown.close();
      // The browser remembers as well; not where the focus was on something that was drawn anew meanwhile.
      if (document.activeElement === document.body && before instanceof HTMLElement) before.focus();
    };
  }, []);

  function onCancel(event: SyntheticEvent): void {
    event.preventDefault();
    if (dismissable) onClose();
  }

  function onMouseDown(event: MouseEvent): void {
    if (dismissable && event.target === dialog.current) onClose();
  }

  return (
    <dialog
      ref={dialog}
      className={className}
      aria-label={label}
      aria-labelledby={labelledBy}
      onCancel={onCancel}
      // A browser closes at the second Escape, whatever the page says.
      onClose={() => {
        const shown = dialog.current;
        if (!shown || shown.open) return;
        if (dismissable) onClose();
        else shown.showModal();
      }}
      onMouseDown={onMouseDown}
      onKeyDown={(event) => event.stopPropagation()}
    >
      {children}
    </dialog>
  );
}

/** A dialog in the middle of the page, named by its title. */
export function Dialog({ title, children, ...rest }: OverlayProps & { title: string }) {
  const id = useId();
  return (
    <Frame className="backdrop" labelledBy={id} {...rest}>
      <div className="dialog">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </Frame>
  );
}

/** From below on phones, a drawer from the left above 720 px. */
export function Sheet({ label, children, ...rest }: OverlayProps & { label: string }) {
  return (
    <Frame className="backdrop at-side" label={label} {...rest}>
      <div className="sheet">{children}</div>
    </Frame>
  );
}
