/** A network that lets no WebSocket through: a proxy before the node that refuses or swallows every upgrade. */
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

export class ClosedNetwork {
  /** What becomes of an upgrade. */
  upgrades: "refused" | "swallowed" | "let through" = "refused";
  /** How many sockets were asked for: those of documents, and those of the feed. */
  asked = 0;
  feeds = 0;
  #server: Server;
  #sockets = new Set<Socket>();

  private constructor(readonly target: number) {
    this.#server = createServer((asked, answer) => {
      const { method, url: path, headers } = asked;
      const onward = request({ port: target, method, path, headers }, (answered) => {
        answer.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.pipe(answer);
        answered.once("error", () => answer.destroy());
      });
      onward.once("error", () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()));
      // Who goes takes the request behind along.
      answer.once("close", () => onward.destroy());
      asked.pipe(onward);
    });
    this.#server.on("connection", (socket) => this.#keep(socket));
    this.#server.on("upgrade", (asked: IncomingMessage, socket: Socket, head: Buffer) => {
      if (asked.url === "/live") this.feeds += 1;
      else this.asked += 1;
      if (this.upgrades === "refused") socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
      if (this.upgrades === "let through") this.#pass(asked, socket, head);
    });
  }

  static async before(port: number): Promise<ClosedNetwork> {
    const network = new ClosedNetwork(port);
    await new Promise<void>((listening) => network.#server.listen(0, "127.0.0.1", listening));
    return network;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #pass(asked: IncomingMessage, socket: Socket, head: Buffer): void {
    const onward = connect(this.target, "127.0.0.1", () => {
      const pairs: string[] = [];
      for (let at = 0; at < asked.rawHeaders.length; at += 2) {
        pairs.push(`${asked.rawHeaders[at]}: ${asked.rawHeaders[at + 1]}`);
      }
      onward.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${pairs.join("\r\n")}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    this.#keep(onward);
    onward.once("close", () => socket.destroy());
    socket.once("close", () => onward.destroy());
  }

  async end(): Promise<void> {
    const closed = new Promise((done) => this.#server.close(done));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
