import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as Y from "yjs";
import type { DocumentSession } from "../../sync";
import { useSeen } from "./seen";

let asked: string[] = [];
let visible = true;

beforeEach(() => {
  asked = [];
  visible = true;
  vi.useFakeTimers();
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => (visible ? "visible" : "hidden"));
  vi.spyOn(globalThis, "fetch").mockImplementation(async (request) => {
    const { method, url, keepalive } = request as Request;
    asked.push(`${method} ${new URL(url).pathname} ${keepalive}`);
    return new Response(null, { status: 204 });
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const SEEN = "PUT /api/v1/documents/d/seen true";

function open() {
  const doc = new Y.Doc();
  const queries = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>{children}</QueryClientProvider>
  );
  const session = { doc } as DocumentSession;
  const { unmount, rerender } = renderHook(({ ready }) => useSeen("d", session, ready), {
    wrapper,
    initialProps: { ready: false },
  });
  const other = new Y.Doc();
  const change = () => {
    other.getText("t").insert(0, "x");
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), "the network");
  };
  return { doc, unmount, change, show: () => rerender({ ready: true }) };
}

function turn(to: boolean): void {
  visible = to;
  document.dispatchEvent(new Event("visibilitychange"));
}

test("a document is seen when its text is there, and again what others change, now and then and at the end", async () => {
  const page = open();
  expect(asked).toEqual([]);
  page.show();
  expect(asked).toEqual([SEEN]);
  page.doc.getText("t").insert(0, "mine");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(1);
  page.change();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(asked).toHaveLength(2);
  for (let change = 0; change < 20; change += 1) page.change();
  await vi.advanceTimersByTimeAsync(14_000);
  expect(asked).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toHaveLength(3);
  page.change();
  page.unmount();
  expect(asked).toHaveLength(4);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(4);
});

test("without a network nothing is said, and with it what was missed", async () => {
  const online = vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  const page = open();
  page.show();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toEqual([]);
  online.mockReturnValue(true);
  window.dispatchEvent(new Event("online"));
  expect(asked).toEqual([SEEN]);
});

test("what comes while nobody looks is seen when somebody does", async () => {
  const page = open();
  page.show();
  turn(false);
  page.change();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(1);
  turn(true);
  expect(asked).toHaveLength(2);
  turn(false);
  page.change();
  page.unmount();
  expect(asked).toHaveLength(2);
});
