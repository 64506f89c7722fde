/** One door to the server: JSON in and out, problems as errors a page can show. */

/** An application/problem+json answer. `code` is stable and machine-readable, `reference` is for the support desk. */
export class Problem extends Error {
  override name = "Problem";
  constructor(
    readonly status: number,
    readonly code: string,
    readonly reference: string | undefined,
  ) {
    super(`${status} ${code}`);
  }
}

/** The server could not be reached at all: nothing is known of what it would have said. */
export class Unreachable extends Error {
  override name = "Unreachable";
}

type Call = { method?: "GET" | "POST" | "PATCH"; body?: unknown; signal?: AbortSignal | undefined };

async function readProblem(response: Response): Promise<Problem> {
  const told: unknown = await response.json().catch(() => null);
  const facts = typeof told === "object" && told !== null ? (told as Record<string, unknown>) : {};
  const code = typeof facts.code === "string" ? facts.code : `http-${response.status}`;
  const reference = typeof facts.request_id === "string" ? facts.request_id : undefined;
  return new Problem(response.status, code, reference);
}

/** Calls `path`; the answer's JSON, or undefined when there is none. */
export async function call<Answer>(
  path: string,
  { method = "GET", body, signal }: Call = {},
): Promise<Answer> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable(`${method} ${path}`);
  }
  // A proxy in front of a server that is away answers in its place.
  if (response.status === 502 || response.status === 503 || response.status === 504) {
    throw new Unreachable(`${method} ${path}: ${response.status}`);
  }
  if (!response.ok) throw await readProblem(response);
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}
