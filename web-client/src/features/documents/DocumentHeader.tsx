import { Link } from "@tanstack/react-router";
import {
  ArrowLeft,
  Download,
  Ellipsis,
  Keyboard,
  Link2,
  Pencil,
  UsersRound,
  Volume2,
  VolumeX,
} from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DocumentFacts } from "../../api";
import type { Person } from "../../sync";
import { NamedFace } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { Menu, MenuItem } from "../../ui/Menu";
import { SharingDialog, useCopyLink } from "./SharingDialog";

const MOST_FACES = 3;

/** Who is here, oneself first; beyond three, how many more. */
export function Faces({ people, selfId }: { people: Person[]; selfId: string }) {
  const { t } = useTranslation();
  if (people.length === 0) return null;
  const spoken = (person: Person) =>
    person.id === selfId
      ? t("people.you")
      : person.outsider
        ? t("people.namedOutsider", { name: person.name })
        : person.name;
  const shown = people.slice(0, people.length > MOST_FACES + 1 ? MOST_FACES : MOST_FACES + 1);
  const more = people.length - shown.length;
  const label = t("presence.here", { names: people.map(spoken).join(", ") });
  return (
    // biome-ignore lint/a11y/useSemanticElements: faces side by side, not a form
    <span className="faces" role="group" aria-label={label}>
      {shown.map((person) => (
        <NamedFace key={person.id} id={person.id} name={person.name} outsider={person.outsider} size="sm" />
      ))}
      {more > 0 ? (
        <span className="more" title={label}>
          +{more}
        </span>
      ) : null}
    </span>
  );
}

/** Where a document is found again, by the list it stands in. */
const LISTS = {
  documents: "/c/$slug/docs",
  wiki: "/c/$slug/wiki",
  posts: "/c/$slug/posts",
  faq: "/c/$slug/faq",
} as const;

function BackLink({
  facts,
  className,
  children,
}: {
  facts: DocumentFacts;
  className?: string;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const label = className ? t("documents.back") : undefined;
  return facts.community ? (
    <Link
      to={LISTS[facts.feature ?? "documents"]}
      params={{ slug: facts.community.slug }}
      className={className}
      aria-label={label}
    >
      {children}
    </Link>
  ) : (
    <Link to="/docs" className={className} aria-label={label}>
      {children}
    </Link>
  );
}

type Props = {
  facts: DocumentFacts;
  people: Person[];
  selfId: string;
  state: ReactNode;
  editable: boolean;
  muted: boolean;
  onMute: (muted: boolean) => void;
  onRename: () => void;
  onDownload: () => void;
  onHelp: () => void;
  /** Where the editor puts its toolbar. */
  toolbar: ReactNode;
};

export function DocumentHeader(props: Props) {
  const { facts, people, selfId, state, editable, muted } = props;
  const { t } = useTranslation();

  const copyLink = useCopyLink(facts.id);
  const [sharing, setSharing] = useState(false);

  return (
    <div className="doc-head">
      <div className="doc-bar">
        <BackLink facts={facts} className="icon-btn only-phone">
          <Icon of={ArrowLeft} />
        </BackLink>
        <div className="doc-where grow">
          <nav className="crumbs" aria-label={t("nav.breadcrumb")}>
            <ol>
              <li className="not-phone">
                <BackLink facts={facts}>
                  {facts.community
                    ? t(`composition.features.${facts.feature ?? "documents"}.name`)
                    : t("nav.myDocuments")}
                </BackLink>
              </li>
              <li>
                <span aria-current="page" className="clip">
                  {facts.title}
                </span>
              </li>
            </ol>
          </nav>
          {state}
        </div>
        <Faces people={people} selfId={selfId} />
        <button type="button" className="btn edge not-phone" onClick={() => setSharing(true)}>
          <Icon of={UsersRound} small />
          {t("sharing.open")}
        </button>
        <Menu
          label={t("documents.actions")}
          trigger={
            <button type="button" className="icon-btn" aria-label={t("documents.actions")}>
              <Icon of={Ellipsis} />
            </button>
          }
        >
          {editable ? (
            <MenuItem icon={Pencil} onAction={props.onRename}>
              {t("documents.rename")}
            </MenuItem>
          ) : null}
          <MenuItem icon={UsersRound} onAction={() => setSharing(true)}>
            {t("sharing.open")}
          </MenuItem>
          <MenuItem icon={Link2} onAction={copyLink}>
            {t("documents.copyLink")}
          </MenuItem>
          <MenuItem icon={Download} onAction={props.onDownload}>
            {t("documents.download")}
          </MenuItem>
          <MenuItem icon={muted ? Volume2 : VolumeX} onAction={() => props.onMute(!muted)}>
            {t(muted ? "presence.unmute" : "presence.mute")}
          </MenuItem>
          <MenuItem icon={Keyboard} hint="?" onAction={props.onHelp}>
            {t("help.title")}
          </MenuItem>
        </Menu>
      </div>
      {props.toolbar}
      {sharing ? <SharingDialog facts={facts} selfId={selfId} onClose={() => setSharing(false)} /> : null}
    </div>
  );
}
