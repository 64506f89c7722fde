import { Link } from "@tanstack/react-router";
import { Blocks, Gauge, Inbox, type LucideIcon, ScrollText, Settings, Users } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Me } from "../../api";
import { Icon } from "../../ui/Icon";

/** Being inside a place is not being at it. */
const EXACT = { exact: true } as const;

export type AdminSection = "overview" | "requests" | "people" | "communities" | "audit" | "instance";

const ENTRIES = [
  ["overview", "/admin", Gauge],
  ["requests", "/admin/requests", Inbox],
  ["people", "/admin/people", Users],
  ["communities", "/admin/communities", Blocks],
  ["audit", "/admin/audit", ScrollText],
  ["instance", "/admin/instance", Settings],
] as const satisfies readonly (readonly [AdminSection, string, LucideIcon])[];

type Props = { me: Me; here: AdminSection | null };

export function AdminLinks({ me, here, onGo }: Props & { onGo?: () => void }) {
  const { t } = useTranslation();
  return (
    <ul className="nav">
      {ENTRIES.map(([section, to, icon]) => (
        <li key={section}>
          <Link
            activeOptions={EXACT}
            to={to}
            aria-current={here === section ? "page" : undefined}
            onClick={onGo}
          >
            <Icon of={icon} />
            <span>{t(`admin.sections.${section}`)}</span>
            {section === "requests" && me.requests_count > 0 ? (
              <span className="count">
                {me.requests_count}
                <span className="sr"> {t("admin.waiting", { count: me.requests_count })}</span>
              </span>
            ) : null}
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** The column beside the rail while one administers. */
export function AdminSide({ me, here }: Props) {
  const { t } = useTranslation();
  return (
    <nav className="side" aria-label={t("admin.title")}>
      <div className="side-head">
        <p className="name">{t("admin.title")}</p>
        <p className="meta">{me.instance_name}</p>
      </div>
      <AdminLinks me={me} here={here} />
    </nav>
  );
}
