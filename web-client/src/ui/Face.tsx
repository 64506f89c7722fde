import { useTranslation } from "react-i18next";
import { initials, personClass, tileLetters } from "./person";

type Size = "xs" | "sm" | "md" | "lg" | "xl";

/** A person's disc; a rounded square when they come from outside. Decorative: the name stands beside it. */
export function Face({
  id,
  name,
  outsider = false,
  live = false,
  size,
}: {
  id: string;
  name: string;
  outsider?: boolean;
  /** They are here at this moment. */
  live?: boolean;
  size?: Size;
}) {
  const classes = ["avatar", personClass(id), outsider ? "ext" : "", live ? "live" : "", size ?? ""]
    .filter(Boolean)
    .join(" ");
  return (
    <span className={classes} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

/** The same disc standing alone: it says its name. */
export function NamedFace(props: { id: string; name: string; outsider?: boolean; size?: Size }) {
  const { t } = useTranslation();
  const spoken = props.outsider ? t("people.namedOutsider", { name: props.name }) : props.name;
  const classes = ["avatar", personClass(props.id), props.outsider ? "ext" : "", props.size ?? ""]
    .filter(Boolean)
    .join(" ");
  return (
    <span className={classes} role="img" aria-label={spoken} title={spoken}>
      {initials(props.name)}
    </span>
  );
}

/** A community's tinted square. */
export function Tile({ id, name, size }: { id: string; name: string; size?: Size }) {
  return (
    <span className={["tile", personClass(id), size ?? ""].filter(Boolean).join(" ")} aria-hidden="true">
      {tileLetters(name)}
    </span>
  );
}
