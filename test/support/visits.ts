import { once } from "node:events";
import { WebSocket } from "ws";
import { expect, onTestFinished, vi } from "vitest";
import { someone, type TestNode } from "./gateway.ts";
import { someAddress } from "./some-address.ts";
import { test as base } from "./socket-client.ts";
import type { Transport, Visit, VisitOptions } from "./transports.ts";

/** Somebody with a token, who comes by whatever transport. */
export const test = base
  .extend("user", () => someone())
  .extend("token", ({ cluster: { a }, user }) => a.token(user));

/** Closed when the test is over. */
export function visit(transport: Transport, options: VisitOptions): Visit {
  const opened = transport.visit(options);
  onTestFinished(() => opened.close());
  return opened;
}

export const ready = (client: Visit) =>
  vi.waitFor(() => expect(client.named("ready")).toHaveLength(1));

export const openStream = (node: TestNode, search: string, headers: Record<string, string> = {}) =>
  fetch(`${node.url}/api/events/stream${search}`, {
    headers: { "x-forwarded-for": someAddress(), ...headers },
  });

/** A plain WebSocket, with what came over it and how it was closed. */
export async function openSocket(
  node: TestNode,
  search = "",
  headers: Record<string, string> = {},
) {
  const webSocket = new WebSocket(`${node.url.replace("http", "ws")}/ws${search}`, {
    headers: { "x-forwarded-for": someAddress(), ...headers },
  });
  onTestFinished(() => webSocket.terminate());
  const texts: string[] = [];
  webSocket.on("message", (data: Buffer) => texts.push(data.toString()));
  webSocket.on("error", () => undefined);
  const closed = once(webSocket, "close").then(([code, reason]) => `${code} ${String(reason)}`);
  await Promise.race([once(webSocket, "open"), closed]);
  const heard = () => texts.flatMap((text) => (text.startsWith("{") ? [JSON.parse(text)] : []));
  return {
    webSocket,
    texts,
    heard,
    closed,
    say: (what: object) => webSocket.send(JSON.stringify(what)),
  };
}
