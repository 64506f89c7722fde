import type { LucideIcon } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import {
  Menu as AriaMenu,
  MenuItem as AriaMenuItem,
  type MenuProps as AriaMenuProps,
  type MenuItemProps,
  MenuTrigger,
  Popover,
  type PopoverProps,
} from "react-aria-components";
import { Icon } from "./Icon";

type MenuProps = Pick<AriaMenuProps<object>, "selectionMode" | "selectedKeys"> & {
  label: string;
  /** A react-aria Button. */
  trigger: ReactElement;
  placement?: PopoverProps["placement"];
  children: ReactNode;
};

/** A button and its menu: arrows, first letter, Escape back to the button. */
export function Menu({ label, trigger, placement = "bottom end", children, ...selection }: MenuProps) {
  return (
    <MenuTrigger>
      {trigger}
      <Popover className="popover" placement={placement} offset={4} containerPadding={8}>
        <AriaMenu className="menu" aria-label={label} {...selection}>
          {children}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

export function MenuItem({
  icon,
  face,
  children,
  hint,
  ...rest
}: Omit<MenuItemProps, "children"> & {
  icon?: LucideIcon;
  face?: ReactNode;
  hint?: string;
  children: string;
}) {
  return (
    <AriaMenuItem className="menu-item" textValue={children} {...rest}>
      {icon ? <Icon of={icon} /> : face}
      <span>{children}</span>
      {hint ? <span className="end meta">{hint}</span> : null}
    </AriaMenuItem>
  );
}
