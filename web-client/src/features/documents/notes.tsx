import { CircleAlert, Download, History } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import * as Y from "yjs";
import { clearStranded, download, findStranded, plainText, readStranded, type Stranded } from "../../sync";
import { Icon } from "../../ui/Icon";

/** A name a file system takes. */
export function fileName(title: string): string {
  const safe = title
    .replace(/[\\/:*?"<>|\p{Cc}]+/gu, " ")
    .replace(/\s+/gu, " ")
    .trim();
  return `${safe || "document"}.txt`;
}

async function stranded(name: string): Promise<string> {
  const doc = new Y.Doc();
  try {
    await readStranded(name, doc);
    return plainText(doc);
  } finally {
    doc.destroy();
  }
}

type StrandedProps = {
  selfId: string;
  documentId: string /** The room of now; empty when it is closed to us. */;
  room: string;
  title: string;
};

/** Work this device kept and the server can no longer take: to download first, then to clear. */
export function StrandedNotes({ selfId, documentId, room, title }: StrandedProps) {
  const { t } = useTranslation();
  const [found, setFound] = useState<Stranded[]>([]);
  const [taken, setTaken] = useState<ReadonlySet<string>>(new Set());

  useEffect(() => {
    let gone = false;
    findStranded(selfId, documentId, room).then(
      (list) => !gone && setFound(list),
      () => {},
    );
    return () => {
      gone = true;
    };
  }, [selfId, documentId, room]);

  return found.map((copy) => (
    <div key={copy.name} className="note warn doc-note">
      <span className="icon-wrap">
        <Icon of={History} />
      </span>
      <div>
        <p>
          <strong>{t("stranded.title", { count: copy.changes })}</strong> {t("stranded.text")}
        </p>
        <div className="actions top">
          <button
            type="button"
            className="btn"
            onClick={async () => {
              download(fileName(title), await stranded(copy.name));
              setTaken((before) => new Set(before).add(copy.name));
            }}
          >
            <Icon of={Download} small />
            {t("documents.download")}
          </button>
          {taken.has(copy.name) ? (
            <button
              type="button"
              className="btn"
              onClick={async () => {
                await clearStranded(copy.name);
                setFound((before) => before.filter((other) => other.name !== copy.name));
              }}
            >
              {t("stranded.clear")}
            </button>
          ) : null}
        </div>
      </div>
    </div>
  ));
}

/** The server doesn't take this person's changes any more: why, and how to keep the text. */
export function RefusedNote({
  children,
  onDownload,
  action,
}: {
  children: ReactNode;
  onDownload: () => void;
  action?: ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <div className="note danger doc-note" role="alert">
      <span className="icon-wrap">
        <Icon of={CircleAlert} />
      </span>
      <div>
        <p>{children}</p>
        <div className="actions top">
          <button type="button" className="btn" onClick={onDownload}>
            <Icon of={Download} small />
            {t("documents.download")}
          </button>
          {action}
        </div>
      </div>
    </div>
  );
}
