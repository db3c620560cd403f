import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { test as base } from "./gateway.ts";
import { someAddress } from "./some-address.ts";

type Data = Record<string, unknown>;
export interface Heard {
  name: string;
  data: Data;
}

export interface ClientOptions extends Partial<ManagerOptions & SocketOptions> {
  /** Asked at each connection. */
  token: string | (() => string);
  /** As `auth` says it besides the token; `cursors` are those of the snippet unless given. */
  auth?: object;
  cursors?: Record<string, string>;
}

/** A stock client with the snippet that the contract prints, and what it heard. */
export interface TestClient {
  socket: Socket;
  cursors: Record<string, string>;
  heard: Heard[];
  /** Errors of `connect_error`, and reasons of `disconnect`. */
  refused: (Error & { data?: unknown; description?: unknown })[];
  lost: string[];
  named(name: string): Data[];
  /** Texts of the facts, in the order heard. */
  texts(feed?: string): string[];
  /** The `count`th `ready`, counted from 1. */
  ready(count?: number): Promise<Data>;
  ask(event: string, ...args: unknown[]): Promise<Data>;
}

const READY_TIMEOUT_MS = 10_000;

export function connectClient(
  url: string,
  { token, auth = {}, cursors = {}, ...options }: ClientOptions,
): TestClient {
  const heard: Heard[] = [];
  const refused: TestClient["refused"] = [];
  const lost: string[] = [];
  const socket = io(url, {
    transports: ["websocket"],
    multiplex: false,
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
    extraHeaders: { "x-forwarded-for": someAddress() },
    ...options,
    auth: (send) => send({ token: typeof token === "string" ? token : token(), cursors, ...auth }),
  });
  socket.onAny((name, data) => {
    heard.push({ name, data });
    Object.assign(
      cursors,
      name === "ready" ? data.cursors : data?.cursor && { [data.feed]: data.cursor },
    );
  });
  socket.on("connect_error", (error) => refused.push(error));
  socket.on("disconnect", (reason) => lost.push(reason));

  const named = (name: string) => heard.filter((one) => one.name === name).map(({ data }) => data);
  return {
    socket,
    cursors,
    heard,
    refused,
    lost,
    named,
    texts: (feed) =>
      heard
        .filter(({ data }) => data["cursor"] !== undefined && data["text"] !== undefined)
        .filter(({ data }) => feed === undefined || data["feed"] === feed)
        .map(({ data }) => String(data["text"])),
    ready: (count = 1) =>
      waitFor(
        () => named("ready")[count - 1],
        () => ({ heard, refused, lost }),
      ),
    ask: (event, ...args) => socket.timeout(5000).emitWithAck(event, ...args),
  };
}

async function waitFor<T>(read: () => T | undefined, state: () => unknown): Promise<T> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const value = read();
    if (value !== undefined) return value;
    if (Date.now() > deadline)
      throw new Error(`Not ready: ${JSON.stringify(state()).slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Tests with stock clients, gone when the test is. */
export const test = base.extend("connect", async ({}, { onCleanup }) => {
  const clients: TestClient[] = [];
  onCleanup(() => {
    for (const { socket } of clients) socket.close();
  });
  return (url: string, options: ClientOptions): TestClient => {
    const client = connectClient(url, options);
    clients.push(client);
    return client;
  };
});
