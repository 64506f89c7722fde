import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { EventReader, PostedSocket } from "./posted";

const utf8 = new TextEncoder();

test("events are found wherever the stream is cut", () => {
  const stream = ": open\n\nid: 1\ndata: AQI=\n\nid: 2\r\ndata: Aw==\r\n\r\n:\n\nevent: close\ndata: {}\n\n";
  for (let step = 1; step < stream.length; step++) {
    const reader = new EventReader();
    const said = [];
    for (let at = 0; at < stream.length; at += step) {
      said.push(...reader.read(utf8.encode(stream.slice(at, at + step))));
    }
    expect(said).toEqual([
      { id: 1, event: "", data: "AQI=" },
      { id: 2, event: "", data: "Aw==" },
      { id: 2, event: "close", data: "{}" },
    ]);
  }
});

/** A server in this page: it keeps the requests, and answers as the test says. */
class Server {
  posts: { at: number; bytes: number[]; end: boolean; seen: number }[] = [];
  streams: { after: number; say: (text: string) => void; cut: () => void }[] = [];
  opens = 0;
  /** What the next posts are answered with, in place of 204. */
  answers: (number | "lost")[] = [];
  openWith = 201;

  fetch = async (address: string, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(address);
    if (init.signal?.aborted) throw init.signal.reason;
    if (url.pathname.endsWith("/open")) {
      this.opens += 1;
      if (this.openWith !== 201) return problem(this.openWith, "refused");
      return Response.json({}, { status: 201 });
    }
    if (url.pathname.endsWith("/events"))
      return this.#stream(Number(url.searchParams.get("after")), init.signal);
    this.posts.push({
      at: Number(url.searchParams.get("at")),
      seen: Number(url.searchParams.get("seen")),
      end: url.searchParams.get("end") === "true",
      bytes: [...(init.body as Uint8Array)],
    });
    const answer = this.answers.shift() ?? 204;
    if (answer === "lost") throw new TypeError("network");
    return answer === 204 ? new Response(null, { status: 204 }) : problem(answer, "connection-over");
  };

  #stream(after: number, signal: AbortSignal | null | undefined): Response {
    const body = new ReadableStream<Uint8Array>({
      start: (queue) => {
        queue.enqueue(utf8.encode(": open\n\n"));
        signal?.addEventListener("abort", () => queue.error(signal.reason));
        this.streams.push({
          after,
          say: (text) => queue.enqueue(utf8.encode(text)),
          cut: () => queue.error(new TypeError("network")),
        });
      },
    });
    return new Response(body);
  }
}

function problem(status: number, code: string): Response {
  return Response.json({ code }, { status });
}

let server: Server;
let sockets: PostedSocket[];

beforeEach(() => {
  server = new Server();
  sockets = [];
  vi.stubGlobal("fetch", server.fetch);
});
afterEach(() => {
  for (const socket of sockets) socket.close();
  vi.unstubAllGlobals();
});

type Heard = { events: string[]; frames: number[][]; code?: number };

function connect(): [PostedSocket, Heard] {
  const socket = new PostedSocket("ws://unisson.example/collab");
  sockets.push(socket);
  const heard: Heard = { events: [], frames: [] };
  for (const kind of ["open", "error", "close"]) {
    socket.addEventListener(kind, (event) => {
      heard.events.push(kind);
      if (kind === "close") heard.code = (event as CloseEvent).code;
    });
  }
  socket.addEventListener("message", (event) =>
    heard.frames.push([...new Uint8Array((event as MessageEvent<ArrayBuffer>).data)]),
  );
  return [socket, heard];
}

const opened = ([socket]: [PostedSocket, Heard]) =>
  vi.waitFor(() => expect(socket.readyState).toBe(PostedSocket.OPEN));

test("it is open when the stream is, and frames sent in one turn go together", async () => {
  const [socket, heard] = connect();
  expect(() => socket.send(Uint8Array.of(1))).toThrow("not open");
  await opened([socket, heard]);
  socket.send(Uint8Array.of(7, 8));
  socket.send(Uint8Array.of(9).buffer);
  await vi.waitFor(() => expect(server.posts).toHaveLength(1));
  expect(server.posts[0]).toMatchObject({ at: 0, bytes: [0, 0, 0, 2, 7, 8, 0, 0, 0, 1, 9] });
  await vi.waitFor(() => expect(socket.bufferedAmount).toBe(0));
  socket.send(Uint8Array.of(5));
  await vi.waitFor(() => expect(server.posts[1]).toMatchObject({ at: 11, bytes: [0, 0, 0, 1, 5] }));
  expect(heard.events).toEqual(["open"]);
});

test("a request without an answer is made again, from the same place, with what has come to it", async () => {
  const connected = connect();
  await opened(connected);
  server.answers = ["lost", 503];
  connected[0].send(Uint8Array.of(1));
  await vi.waitFor(() => expect(server.posts).toHaveLength(1));
  connected[0].send(Uint8Array.of(2));
  await vi.waitFor(() => expect(server.posts).toHaveLength(3), { timeout: 3000 });
  expect(server.posts.map(({ at }) => at)).toEqual([0, 0, 0]);
  expect(server.posts[2]?.bytes).toEqual([0, 0, 0, 1, 1, 0, 0, 0, 1, 2]);
  expect(connected[1].events).toEqual(["open"]);
});

test("a stream that breaks is taken up behind the last event, and nothing is handed out twice", async () => {
  const connected = connect();
  await opened(connected);
  server.streams[0]?.say("id: 1\ndata: AQ==\n\nid: 2\ndata: Ag==\n\nid: 3\ndata: Aw");
  await vi.waitFor(() => expect(connected[1].frames).toEqual([[1], [2]]));
  server.streams[0]?.cut();
  await vi.waitFor(() => expect(server.streams).toHaveLength(2), { timeout: 3000 });
  expect(server.streams[1]?.after).toBe(2);
  server.streams[1]?.say("id: 2\ndata: Ag==\n\nid: 3\ndata: Aw==\n\n");
  await vi.waitFor(() => expect(connected[1].frames).toEqual([[1], [2], [3]]));
  expect(connected[1].events).toEqual(["open"]);
});

test("the server's word to close is the socket's, and another node's ignorance is an end as well", async () => {
  const connected = connect();
  await opened(connected);
  server.streams[0]?.say('event: close\ndata: {"code":1012,"reason":"restarting"}\n\n');
  await vi.waitFor(() => expect(connected[1].code).toBe(1012));
  expect(connected[1].events).toEqual(["open", "close"]);

  const other = connect();
  await opened(other);
  server.answers = [404];
  other[0].send(Uint8Array.of(1));
  await vi.waitFor(() => expect(other[1].events).toEqual(["open", "error", "close"]));
  expect(other[1].code).toBe(1006);
});

test("a refusal to open is a socket that never opened; too many means later", async () => {
  server.openWith = 429;
  const [socket, heard] = connect();
  await vi.waitFor(() => expect(heard.events).toEqual(["error", "close"]));
  expect(heard.code).toBe(1013);
  expect(socket.readyState).toBe(PostedSocket.CLOSED);
});

test("closing sends what is still to be sent, with the word that nothing follows", async () => {
  const connected = connect();
  await opened(connected);
  connected[0].send(Uint8Array.of(4));
  connected[0].close();
  await vi.waitFor(() => expect(connected[1].events).toEqual(["open", "close"]));
  expect(connected[1].code).toBe(1000);
  await vi.waitFor(() =>
    expect(server.posts.at(-1)).toEqual({ at: 0, seen: 0, end: true, bytes: [0, 0, 0, 1, 4] }),
  );
});

test("a page that is left says so at once", async () => {
  const connected = connect();
  await opened(connected);
  window.dispatchEvent(new Event("pagehide"));
  expect(server.posts.at(-1)).toMatchObject({ end: true });
});

test("one that lingers says so when the other connection has had its time", async () => {
  const connected = connect();
  await opened(connected);
  connected[0].lingerMs = 400;
  connected[0].close();
  await vi.waitFor(() => expect(connected[1].code).toBe(1000));
  expect(server.posts).toEqual([]);
  await vi.waitFor(() => expect(server.posts).toHaveLength(1));
});
