import { connect as connectTcp } from "node:net";
import { describe, expect } from "vitest";
import { someone } from "../support/gateway.ts";
import { test } from "../support/raw-client.ts";

const TRANSPORTS = ["websocket", "polling"] as const;

describe("a full node", () => {
  test.for(TRANSPORTS)(
    "answers 503 over %s, and the client gets in by itself when there is room",
    async (transport, { installation, connect }) => {
      const node = await installation.start({ env: { WS_MAX_CONNECTIONS: "1" } });
      const first = connect(node.url, { token: node.token(someone()) });
      await first.ready();
      expect((await node.get("/api/realtime/stats")).body).toMatchObject({ available: false });

      const second = connect(node.url, { token: node.token(someone()), transports: [transport] });
      await expect.poll(() => second.refused.length).toBeGreaterThan(1);
      expect(statusOf(second.refused[0])).toBe(503);
      expect(second.socket.active).toBe(true);
      first.socket.disconnect();
      await second.ready();
    },
  );

  test("says when to come again, and that it is full, whoever fills it", async ({
    installation,
    raw,
  }) => {
    const node = await installation.start({ env: { WS_MAX_CONNECTIONS: "1" } });
    await raw(node.url);
    expect((await node.get("/api/realtime/stats")).body).toMatchObject({ available: false });
    const answer = await fetch(`${node.url}/socket.io/?EIO=4&transport=polling`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(await answer.json()).toMatchObject({ code: "server_full" });
  });

  test("survives clients that hang up before they hear so", async ({ installation, connect }) => {
    const node = await installation.start({ env: { WS_MAX_CONNECTIONS: "1" } });
    const client = connect(node.url, { token: node.token(someone()) });
    await client.ready();
    await Promise.all(Array.from({ length: 100 }, () => hangUp(node.url)));
    expect((await node.get("/healthz")).status).toBe(200);
    expect(client.socket.connected).toBe(true);
  });
});

describe("handshakes of an address", () => {
  test.for(TRANSPORTS)(
    "are refused over %s past 60 a minute, those of others are not",
    async (transport, { installation, connect }) => {
      const node = await installation.start();
      const headers = { "x-forwarded-for": "192.0.2.1" };
      const path = `${node.url}/socket.io/?EIO=4&transport=polling`;
      const shake = async () => (await fetch(path, { headers })).status;
      const statuses = await Promise.all(Array.from({ length: 60 }, shake));
      expect(new Set(statuses)).toEqual(new Set([200]));

      const token = node.token(someone());
      const refused = connect(node.url, { token, transports: [transport], extraHeaders: headers });
      await expect.poll(() => refused.refused.length).toBeGreaterThan(0);
      expect(statusOf(refused.refused[0])).toBe(429);
      expect(refused.socket.active).toBe(true);
      const answer = await fetch(path, { headers });
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(50);
      expect(await answer.json()).toMatchObject({ code: "rate_limited" });
      await connect(node.url, { token }).ready();
    },
  );
});

describe("a connection", () => {
  test("may ask to be let in a few times, and is closed when it goes on", async ({
    installation,
    raw,
  }) => {
    const node = await installation.start();
    const client = await raw(node.url);
    for (let asked = 1; asked < 30 && !client.isClosed(); asked += 1) {
      client.send('0{"token":"a.b.c"}');
      await expect.poll(() => client.isClosed() || client.packets.length >= asked).toBe(true);
    }
    expect(client.isClosed()).toBe(true);
    expect(client.packets).toHaveLength(10);
  });
});

/** What engine.io-client says of the HTTP answer: for polling the status, for WebSocket ws's own words. */
function statusOf(error: { description?: unknown } | undefined): number {
  const description: unknown = error?.description;
  if (typeof description === "number") return description;
  const { message } = Object(description);
  return Number(/\d{3}/.exec(String(message))?.[0]);
}

/** Asks for a WebSocket and resets the connection at once. */
async function hangUp(url: string): Promise<void> {
  const { port, hostname } = new URL(url);
  await new Promise<void>((resolve) => {
    const socket = connectTcp(Number(port), hostname, () => {
      const head = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"];
      const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
      const request = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1";
      socket.write([request, `Host: ${hostname}`, ...head, key, "", ""].join("\r\n"), () =>
        socket.resetAndDestroy(),
      );
    });
    socket.on("error", () => undefined).on("close", () => resolve());
  });
}
