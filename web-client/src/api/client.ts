/** One door to the server: typed by its own description, and with refusals as errors a page can show. */
import createClient from "openapi-fetch";
import type { paths } from "./openapi";
import { noteReached } from "./reached";

/** An application/problem+json answer. `code` is stable and machine-readable, `reference` is for the support desk. */
export class Problem extends Error {
  override name = "Problem";
  constructor(
    readonly status: number,
    readonly code: string,
    readonly reference: string | undefined,
    /** The other members of the answer: what the code is about. */
    readonly facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(`${status} ${code}`);
  }
}

/** There is no such thing, or it is not for this person: both are answered alike. */
export const isMissing = (error: unknown): boolean => error instanceof Problem && error.status === 404;

/** The server could not be reached at all: nothing is known of what it would have said. */
export class Unreachable extends Error {
  override name = "Unreachable";
}

/** What a proxy answers in the place of a server that is away. */
const AWAY = new Set([502, 503, 504]);

async function reach(request: Request): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    noteReached(false);
    throw new Unreachable(`${request.method} ${request.url}`);
  }
  const away = AWAY.has(response.status);
  noteReached(!away);
  if (away) throw new Unreachable(`${request.method} ${request.url}: ${response.status}`);
  return response;
}

export const server = createClient<paths>({
  baseUrl: location.origin,
  credentials: "same-origin",
  headers: { accept: "application/json" },
  fetch: reach,
});

function problemOf(status: number, told: unknown): Problem {
  const facts = typeof told === "object" && told !== null ? (told as Record<string, unknown>) : {};
  const code = typeof facts.code === "string" ? facts.code : `http-${status}`;
  return new Problem(
    status,
    code,
    typeof facts.request_id === "string" ? facts.request_id : undefined,
    facts,
  );
}

type Answered<Data> = { data?: Data; error?: unknown; response: Response };

/** The answer of a call, or the problem it met. */
export async function answer<Data>(call: Promise<Answered<Data>>): Promise<Data> {
  const { data, error, response } = await call;
  if (!response.ok) throw problemOf(response.status, error);
  return data as Data;
}

type Asked = {
  body?: unknown;
  query?: Record<string, string | number | boolean | null | undefined>;
  signal?: AbortSignal;
};

/** A call by its address, for routes whose answer is described by `Answer`. Members of `query` that are nothing are left out. */
export async function call<Answer>(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  { body, query = {}, signal }: Asked = {},
): Promise<Answer> {
  const address = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") address.searchParams.set(name, String(value));
  }
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await reach(
    new Request(address, {
      method,
      headers,
      credentials: "same-origin",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    }),
  );
  const text = await response.text();
  const told: unknown =
    /json/.test(response.headers.get("content-type") ?? "") && text ? JSON.parse(text) : null;
  if (!response.ok) throw problemOf(response.status, told);
  return told as Answer;
}
