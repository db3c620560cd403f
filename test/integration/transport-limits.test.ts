import { describe, expect, vi } from "vitest";
import { someone } from "../support/gateway.ts";
import { TRANSPORTS } from "../support/transports.ts";
import { openSocket, openStream, ready, test, visit } from "../support/visits.ts";

const STREAM = TRANSPORTS["an event stream"];
const PLAIN = TRANSPORTS["a plain WebSocket"];

describe("a node with limits of its own", () => {
  test("counts the connections of a user over all transports", async ({ installation }) => {
    const node = await installation.start({ env: { WS_MAX_CONNECTIONS_PER_USER: "2" } });
    const user = someone();
    const token = node.token(user);
    for (const transport of [STREAM, PLAIN])
      await ready(visit(transport, { url: node.url, token }));
    expect((await openStream(node, "", { authorization: `Bearer ${token}` })).status).toBe(429);
    expect(await (await openSocket(node, `?token=${token}`)).closed).toBe(
      "4429 too_many_connections",
    );
  });

  test("turns away who comes when it is full, and says so", async ({ installation }) => {
    const node = await installation.start({ env: { WS_MAX_CONNECTIONS: "1" } });
    const token = node.token(someone());
    await ready(visit(STREAM, { url: node.url, token }));
    const refused = await openStream(node, "", { authorization: `Bearer ${token}` });
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toMatch(/\d/);
    expect(await (await openSocket(node, `?token=${token}`)).closed).toBe("4503 server_full");
    expect((await node.get("/api/realtime/stats")).body).toMatchObject({ available: false });
    // Nobody may ask as fast as they are answered.
    const { body } = await node.get("/api/events", token);
    const askedAt = performance.now();
    await node.get(`/api/events?wait=20&cursor=${String(body["cursor"])}`, token);
    expect(performance.now() - askedAt).toBeGreaterThan(900);
    expect(performance.now() - askedAt).toBeLessThan(10_000);
  });

  test("moves the clients of all transports when it leaves", async ({ installation }) => {
    const node = await installation.start();
    const token = node.token(someone());
    const stream = visit(STREAM, { url: node.url, token });
    await ready(stream);
    const { heard, closed } = await openSocket(node, `?token=${token}`);
    await vi.waitFor(() => expect(heard()).toHaveLength(1));
    const { cursor } = Object(heard()[0]);
    const waiting = fetch(`${node.url}/api/events?wait=25&cursor=${cursor}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const admin = node.token("x", { roles: ["admin"] });
    await vi.waitFor(async () =>
      expect((await node.get("/api/realtime/stats", admin)).body["connections"]).toBe(3),
    );
    await node.close();
    expect(await closed).toBe("4503 draining");
    await stream.ended;
    expect(stream.named("server-draining")).toEqual([{ reconnectIn: expect.any(Number) }]);
    expect((await waiting).status).toBe(200);
  });

  test("ends connections that answer no ping", async ({ installation }) => {
    const env = { HEARTBEAT_SECONDS: "1", HEARTBEAT_TIMEOUT_SECONDS: "1" };
    const node = await installation.start({ env });
    const { webSocket, heard } = await openSocket(node, `?token=${node.token(someone())}`);
    await vi.waitFor(() => expect(heard()).toHaveLength(1));
    webSocket.pause();
    const admin = node.token("x", { roles: ["admin"] });
    await vi.waitFor(
      async () =>
        expect((await node.get("/api/realtime/stats", admin)).body["connections"]).toBe(0),
      10_000,
    );
  });
});
