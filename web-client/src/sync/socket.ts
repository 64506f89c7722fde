/** The one socket of this tab: every open document shares it. */
import { HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { keepLooking } from "./look";
import { RoutedSocket } from "./route";

let shared: HocuspocusProviderWebsocket | null = null;
const CHANGING_MS = 5000;
/** Going from one way to the other: away for a moment that is not worth a word. */
let changing = false;

/**
 * Frames queued while the socket was away would be acknowledged one by one and make the counter say "saved" too early;
 * the state vectors exchanged on opening carry the same edits. The queue is the provider's private field.
 */
function dropQueue(socket: HocuspocusProviderWebsocket): void {
  (socket as unknown as { messageQueue: unknown[] }).messageQueue = [];
}

function wake(): void {
  if (shared && shared.status === "disconnected" && shared.shouldConnect) void shared.connect();
}

export function sharedSocket(): HocuspocusProviderWebsocket {
  if (shared) return shared;
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const url = `${scheme}//${location.host}/collab`;
  const socket = new HocuspocusProviderWebsocket({
    url,
    WebSocketPolyfill: RoutedSocket,
    // Whoever comes out of a tunnel is back within seconds; a crowd is spread by chance.
    delay: 1000,
    minDelay: 500,
    factor: 1.5,
    maxDelay: 5000,
    onOpen: () => dropQueue(socket),
    onConnect: () => {
      changing = false;
    },
  });
  shared = socket;
  const isQuiet = () => ![...socket.configuration.providerMap.values()].some((one) => one.hasUnsyncedChanges);
  keepLooking(url, isQuiet, () => changeWay(socket));
  window.addEventListener("online", wake);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") wake();
  });
  return socket;
}

function changeWay(socket: HocuspocusProviderWebsocket): void {
  if (socket.status !== "connected") return;
  const inner: unknown = socket.webSocket;
  if (inner instanceof RoutedSocket) inner.linger();
  changing = true;
  setTimeout(() => {
    changing = false;
  }, CHANGING_MS);
  reopenSocket();
}

/** The socket is closed on purpose, and will be open again in a moment. */
export const isChangingWay = (): boolean => changing;

/** Leaves and comes back, so that the server sees the login of now. */
export function reopenSocket(): void {
  const socket = shared;
  if (!socket) return;
  if (socket.status !== "connected") {
    void socket.connect();
    return;
  }
  const again = () => {
    socket.off("disconnect", again);
    void socket.connect();
  };
  socket.on("disconnect", again);
  socket.disconnect();
}
