import type { LucideIcon } from "lucide-react";

/** A lucide drawing at the size and stroke of the tokens; always beside a word or inside something labelled. */
export function Icon({
  of: Drawing,
  small = false,
  turning = false,
}: {
  of: LucideIcon;
  small?: boolean;
  turning?: boolean;
}) {
  const classes = ["icon", small ? "s" : "", turning ? "turning" : ""].filter(Boolean).join(" ");
  return <Drawing className={classes} strokeWidth={1.75} aria-hidden="true" />;
}
