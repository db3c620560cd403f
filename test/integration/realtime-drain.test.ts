import { describe, expect } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { someone } from "../support/gateway.ts";
import { test } from "../support/switch.ts";

const texts = (last: number) => Array.from({ length: last }, (_, i) => `${i + 1}`);

describe("a node that leaves", () => {
  test("costs its clients nothing: they go on at another node, whose own clients notice nothing", async ({
    installation: { start, tell },
    openSwitch,
    connect,
  }) => {
    const [a, b] = [await start({ roles: ["gateway", "recorder"] }), await start()];
    const balancer = await openSwitch(a.url);
    const [mover, stayer] = [someone(), someone()];
    const moving = connect(balancer.url, { token: a.token(mover) });
    const staying = connect(b.url, { token: a.token(stayer) });
    await Promise.all([moving.ready(), staying.ready()]);

    const arrival = new AbortController();
    let said = 0;
    const saying = (async () => {
      while (!arrival.signal.aborted) {
        said += 1;
        for (const sub of [mover, stayer]) await tell(userAudience(sub), { text: `${said}` });
      }
    })();
    await expect.poll(() => moving.texts().length).toBeGreaterThan(10);
    balancer.pointTo(b.url);
    await a.close();
    const [, ready] = [await moving.ready(1), await moving.ready(2)];
    arrival.abort();
    await saying;

    for (const client of [moving, staying]) {
      await expect.poll(() => client.texts().length).toBe(said);
      expect(client.texts()).toEqual(texts(said));
    }
    expect(ready).toMatchObject({ recovered: true });
    expect(ready["node"]).not.toBe(moving.named("ready")[0]?.["node"]);
    expect(moving.named("server-draining")).toEqual([{ reconnectIn: expect.any(Number) }]);
    expect(moving.lost).toEqual(["transport close"]);
    expect(staying.lost).toEqual([]);
    expect(staying.named("server-draining")).toEqual([]);
  });

  test("tells each client when, and cuts them in waves", async ({ installation, connect }) => {
    const node = await installation.start();
    const users = Array.from({ length: 4 }, someone);
    const clients = Array.from({ length: 60 }, (_, i) =>
      connect(node.url, { token: node.token(users[i % 4] ?? ""), reconnection: false }),
    );
    const cutAt = new Map<number, number>();
    for (const [i, { socket }] of clients.entries())
      socket.on("disconnect", () => cutAt.set(i, performance.now()));
    await Promise.all(clients.map((client) => client.ready()));
    const startedAt = performance.now();
    await node.close();
    await expect.poll(() => cutAt.size).toBe(60);
    const order = clients
      .map(({ named }, i) => ({
        reconnectIn: Number(named("server-draining")[0]?.["reconnectIn"]),
        after: (cutAt.get(i) ?? 0) - startedAt,
      }))
      .toSorted((x, y) => x.reconnectIn - y.reconnectIn);
    expect(order.filter(({ reconnectIn }) => reconnectIn < 100)).toHaveLength(30);
    expect(order.filter(({ reconnectIn }) => reconnectIn >= 100 && reconnectIn < 200)).toHaveLength(
      30,
    );
    const lastOfFirst = Math.max(...order.slice(0, 30).map(({ after }) => after));
    const firstOfSecond = Math.min(...order.slice(30).map(({ after }) => after));
    expect(lastOfFirst).toBeLessThan(firstOfSecond);
  });

  test("is not ready, not available and takes no more clients meanwhile", async ({
    installation,
    connect,
  }) => {
    const node = await installation.start();
    await connect(node.url, { token: node.token(someone()), reconnection: false }).ready();
    const closing = node.close();
    const [readiness, stats, handshake] = await Promise.all([
      node.get("/readyz"),
      node.get("/api/realtime/stats"),
      fetch(`${node.url}/socket.io/?EIO=4&transport=polling`),
    ]);
    expect(readiness).toMatchObject({ status: 503, body: { ready: false, draining: true } });
    expect(stats.body).toMatchObject({ available: false });
    expect(handshake.status).toBe(503);
    expect(await handshake.json()).toMatchObject({ code: "draining" });
    await closing;
    await expect(fetch(node.url)).rejects.toThrow();
  });

  test("waits no longer than its time for a request without end", async ({ installation }) => {
    const node = await installation.start({ env: { DRAIN_SECONDS: "1" } });
    const endless = new ReadableStream({
      start: (body) => body.enqueue(new TextEncoder().encode("{")),
    });
    const asked = fetch(`${node.url}/api/jobs`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${node.token(someone())}`,
        "content-type": "application/json",
      },
      body: endless,
      duplex: "half",
    }).catch(() => "cut");
    await expect
      .poll(
        () =>
          new Promise<number>((resolve) =>
            node.gateway.app.server.getConnections((_, n) => resolve(n)),
          ),
      )
      .toBeGreaterThan(0);
    const startedAt = performance.now();
    await node.close();
    expect(performance.now() - startedAt).toBeLessThan(4000);
    await asked;
  });
});
