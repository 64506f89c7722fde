import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type DocumentSession, difference, type Person } from "../../sync";
import { announce } from "../../ui/Announcer";

const MUTED = "unisson.presence-muted";
/** Somebody whose connection blinks has neither left nor come. */
const SETTLE_MS = 1500;
const CHANGES_EVERY_MS = 20_000;

/** Whether comings, goings and changes of others are kept silent; stays on this device. */
export function useMuted(): [boolean, (muted: boolean) => void] {
  const [muted, setMuted] = useState(() => {
    try {
      return localStorage.getItem(MUTED) === "1";
    } catch {
      return false;
    }
  });
  return [
    muted,
    (wanted) => {
      setMuted(wanted);
      try {
        if (wanted) localStorage.setItem(MUTED, "1");
        else localStorage.removeItem(MUTED);
      } catch {
        // Nothing can be kept here: the choice holds while the page is open.
      }
    },
  ];
}

/** Says politely who came, who left, and that others changed the text. */
export function useSpokenPresence(
  session: DocumentSession | null,
  people: Person[],
  selfId: string,
  connected: boolean,
  muted: boolean,
): void {
  const { t } = useTranslation();
  const known = useRef<Person[] | null>(null);

  useEffect(() => {
    if (!connected) return;
    // The server says who is there before it says what is written: whoever is known by now was here first.
    known.current ??= people;
    const timer = setTimeout(() => {
      const before = known.current;
      known.current = people;
      if (before === null || muted) return;
      const { came, left } = difference(before, people, selfId);
      const names = (list: Person[]) => list.map((person) => person.name).join(", ");
      if (came.length > 0) announce(t("presence.came", { count: came.length, names: names(came) }));
      if (left.length > 0) announce(t("presence.left", { count: left.length, names: names(left) }));
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [people, selfId, connected, muted, t]);

  useEffect(() => {
    if (!session || muted) return;
    let last = 0;
    return session.onRemoteChange(() => {
      const now = Date.now();
      if (now - last < CHANGES_EVERY_MS) return;
      last = now;
      announce(t("presence.changed"));
    });
  }, [session, muted, t]);
}
