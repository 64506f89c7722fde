/** A real node of the service: its own port, its own database in a folder of its own, killed and started again at will. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const BINARY = process.env.UNISSON_BIN ?? resolve(import.meta.dirname, "../../target/debug/unisson");

function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === "object" && address ? found(address.port) : failed(new Error("no port")),
      );
    });
  });
}

/** Variables for a node that will have this address. */
type Settings = (url: string) => Record<string, string> | Promise<Record<string, string>>;

export class Node {
  #child: ChildProcess | null = null;
  #said = "";

  private constructor(
    readonly port: number,
    readonly folder: string,
    /** Settings beside those of every test. */
    readonly settings: Settings,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  static async start(settings: Settings = () => ({})): Promise<Node> {
    const node = new Node(await freePort(), mkdtempSync(join(tmpdir(), "unisson-e2e-")), settings);
    await node.start();
    return node;
  }

  async start(): Promise<void> {
    const settings = await this.settings(this.url);
    const child = spawn(
      BINARY,
      [
        "serve",
        "--demo",
        "--listen",
        `127.0.0.1:${this.port}`,
        "--database",
        `sqlite:${join(this.folder, "data.db")}`,
      ],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, UNISSON_METRICS_LISTEN: "", ...settings } },
    );
    this.#child = child;
    const hear = (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-8000);
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    const until = Date.now() + 30_000;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the node ended with ${child.exitCode}:\n${this.#said}`);
      if (await this.#isFilled().catch(() => false)) return;
      if (Date.now() > until) throw new Error(`the node is not ready:\n${this.#said}`);
      await new Promise((next) => setTimeout(next, 50));
    }
  }

  /** Ready, and the demo's last document is there: filling goes on while the node already answers. */
  async #isFilled(): Promise<boolean> {
    if (!(await fetch(`${this.url}/readyz`)).ok) return false;
    const { people } = (await (await fetch(`${this.url}/auth/demo`)).json()) as { people: { id: string }[] };
    if (people.length < 5) return false;
    const signedIn = await fetch(`${this.url}/auth/demo`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id: people[0]?.id }),
    });
    const cookie = signedIn.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const listed = await fetch(`${this.url}/api/v1/documents?limit=20`, { headers: { cookie } });
    return ((await listed.json()) as { items: unknown[] }).items.length >= 6;
  }

  /** As a power cut would: nothing is flushed. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await ended;
  }
}
