import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";

type OverlayProps = {
  isOpen: boolean;
  onClose: () => void;
  /** False when the way out is a choice and not a slip. */
  dismissable?: boolean;
  children: ReactNode;
};

/** A dialog in the middle of the page, named by its title. Focus comes in, stays in, and goes back. */
export function Dialog({
  isOpen,
  onClose,
  title,
  dismissable = true,
  children,
}: OverlayProps & { title: string }) {
  return (
    <ModalOverlay
      className="backdrop"
      isOpen={isOpen}
      isDismissable={dismissable}
      isKeyboardDismissDisabled={!dismissable}
      onOpenChange={(open) => !open && onClose()}
    >
      <Modal className="dialog-frame">
        <AriaDialog className="dialog">
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** From below on phones, a drawer from the left above 720 px. */
export function Sheet({ isOpen, onClose, label, children }: OverlayProps & { label: string }) {
  return (
    <ModalOverlay
      className="backdrop at-side"
      isOpen={isOpen}
      isDismissable
      onOpenChange={(open) => !open && onClose()}
    >
      <Modal className="sheet-frame">
        <AriaDialog className="sheet" aria-label={label}>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
