/** Where to go after signing in, and telling the other tabs. */

/** An address of this site, as it stands in the address bar; anything else is the front page. */
export function localAddress(wanted: string | null | undefined): string {
  if (!wanted?.startsWith("/") || /^\/[/\\]/.test(wanted)) return "/";
  try {
    const address = new URL(wanted, location.origin);
    // What is left once `.` and `..` are taken away may begin like another site.
    if (address.origin !== location.origin || address.pathname.startsWith("//")) return "/";
    return address.pathname + address.search + address.hash;
  } catch {
    return "/";
  }
}

const CHANNEL = "unisson.account";

/** Somebody signed in, in this tab: the others look again. */
export function tellSignedIn(id: string): void {
  if (!("BroadcastChannel" in window)) return;
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage({ signedIn: id });
  channel.close();
}

/** Runs `look` when somebody signed in in another tab, and when one comes back to this one. */
export function onSignedInElsewhere(look: () => void): () => void {
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;
  const seen = () => {
    if (document.visibilityState === "visible") look();
  };
  channel?.addEventListener("message", look);
  document.addEventListener("visibilitychange", seen);
  window.addEventListener("focus", seen);
  return () => {
    channel?.close();
    document.removeEventListener("visibilitychange", seen);
    window.removeEventListener("focus", seen);
  };
}
