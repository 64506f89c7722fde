/** A mail server that takes every letter and keeps it: enough of SMTP for one sender. */
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

export type Letter = { to: string; text: string };

/** What a letter says: its parts decoded, soft line breaks joined. */
function read(raw: string): string {
  return raw
    .replace(/=\r?\n/g, "")
    .replace(/((?:=[0-9A-F]{2})+)/g, (bytes) =>
      Buffer.from(bytes.replaceAll("=", ""), "hex").toString("utf8"),
    );
}

export class Mailbox {
  readonly letters: Letter[] = [];
  #server: Server;
  #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => this.#talk(socket));
  }

  static async open(): Promise<Mailbox> {
    const box = new Mailbox();
    await new Promise<void>((listening) => box.#server.listen(0, "127.0.0.1", listening));
    return box;
  }

  get address(): string {
    return `smtp+plain://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #talk(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
    let buffer = "";
    let letter: string | null = null;
    let to = "";
    const say = (line: string) => socket.write(`${line}\r\n`);
    const hear = (line: string) => {
      if (letter !== null) {
        if (line === ".") {
          this.letters.push({ to, text: read(letter) });
          letter = null;
          say("250 kept");
        } else letter += `${line.startsWith("..") ? line.slice(1) : line}\r\n`;
        return;
      }
      const word = line.slice(0, 4).toUpperCase();
      if (word === "RCPT") to = /<([^>]*)>/.exec(line)?.[1] ?? "";
      if (word === "DATA") {
        letter = "";
        say("354 go on");
      } else if (word === "QUIT") {
        say("221 goodbye");
        socket.end();
      } else say("250 well");
    };
    socket.on("data", (chunk) => {
      buffer += chunk.toString("utf8");
      for (let end = buffer.indexOf("\r\n"); end >= 0; end = buffer.indexOf("\r\n")) {
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        hear(line);
      }
    });
    say("220 here");
  }

  /** The address of the latest letter to somebody that leads to a page which begins so. */
  link(to: string, page: string): string | undefined {
    const found = this.letters.findLast((letter) => letter.to === to && letter.text.includes(page));
    return found?.text.match(new RegExp(`https?://[^\\s"<>]*${page}[^\\s"<>]*`))?.[0];
  }

  async close(): Promise<void> {
    const closed = new Promise((done) => this.#server.close(done));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
