/** Looks now and then whether the direct way is open again, and goes back to it without anybody noticing. */
import { choice, choose, lookedInVain, onWay, opened } from "./ways";

const LOOK_WITHIN_MS = 5000;
const QUIET_EVERY_MS = 500;
const QUIET_TRIES = 60;
const PING = 9;
const PONG = 10;

/** Whether a WebSocket opens, and carries a frame there and one back. */
export function comesThrough(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    const done = (through: boolean) => {
      clearTimeout(late);
      resolve(through);
      socket.close();
    };
    const late = setTimeout(() => done(false), LOOK_WITHIN_MS);
    socket.addEventListener("open", () => socket.send(Uint8Array.of(PING)));
    socket.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer>) =>
      done(new Uint8Array(data)[0] === PONG),
    );
    socket.addEventListener("close", () => done(false));
  });
}

/** `isQuiet`: nothing waits for the server just now. `goBack`: leave the slow connection and connect again. */
export function keepLooking(url: string, isQuiet: () => boolean, goBack: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking = false;

  const plan = () => {
    clearTimeout(timer);
    if (choice().way === "posted" && !looking) {
      timer = setTimeout(() => void look(), Math.max(0, choice().lookAt - Date.now()));
    }
  };
  const look = async () => {
    // Without a network there is nothing to see; `online` comes back here.
    if (looking || choice().way !== "posted" || !navigator.onLine) return;
    looking = true;
    const through = await comesThrough(url);
    for (let tries = 0; through && !isQuiet() && tries < QUIET_TRIES; tries++) {
      await new Promise((resolve) => setTimeout(resolve, QUIET_EVERY_MS));
    }
    looking = false;
    if (choice().way !== "posted") return;
    if (through) {
      choose(opened(choice(), "direct", Date.now()));
      goBack();
    } else {
      choose(lookedInVain(choice(), Date.now()));
      plan();
    }
  };

  onWay(plan);
  window.addEventListener("online", () => void look());
  plan();
}
