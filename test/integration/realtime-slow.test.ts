import { once } from "node:events";
import { request } from "node:http";
import { describe, expect } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { someone } from "../support/gateway.ts";
import { test } from "../support/raw-client.ts";

const MIB = 1024 * 1024;
const big = (n: number) => ({ text: `${n}`.padEnd(50_000, "x") });
const burst = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => big(from + i));
const numbers = (texts: string[]) => texts.map((text) => Number.parseInt(text, 10));
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

describe("a client that stops reading", () => {
  test("is cut before it costs much, holds nobody up, and misses nothing when it is back", async ({
    cluster: { a, b, tell },
    connect,
    raw,
  }) => {
    const [slow, quick] = [someone(), someone()];
    const first = connect(a.url, { token: a.token(slow) });
    await first.ready();
    first.socket.disconnect();
    const other = connect(a.url, { token: a.token(quick) });
    await other.ready();

    const sleeper = await raw(a.url, { token: a.token(slow) });
    await expect.poll(() => sleeper.packets.join()).toContain("ready");
    sleeper.webSocket.pause();
    const before = process.memoryUsage().external;
    let said = 0;
    let slowest = 0;
    await expect
      .poll(
        async () => {
          await tell(userAudience(slow), ...burst(said + 1, 10));
          said += 10;
          const startedAt = performance.now();
          await tell(userAudience(quick), { text: `${said}` });
          await expect.poll(() => other.texts().at(-1), { interval: 2 }).toBe(`${said}`);
          slowest = Math.max(slowest, performance.now() - startedAt);
          return (await a.get("/api/realtime/stats", a.token("x", { roles: ["admin"] }))).body;
        },
        { timeout: 15_000, interval: 1 },
      )
      .toMatchObject({ users: 1 });
    // The kernel takes some MiB before anything waits here.
    expect(process.memoryUsage().external - before).toBeLessThan(64 * MIB);
    expect(slowest).toBeLessThan(500);
    expect(other.lost).toEqual([]);

    const back = connect(b.url, { token: a.token(slow), cursors: first.cursors });
    await back.ready();
    expect(numbers(back.texts())).toEqual(upTo(said));
    expect(back.lost).toEqual([]);
  });

  test("and polls is cut as well, and misses nothing", async ({
    cluster: { a, tell },
    connect,
  }) => {
    const sub = someone();
    const first = connect(a.url, { token: a.token(sub) });
    await first.ready();
    first.socket.disconnect();
    const path = `${a.url}/socket.io/?EIO=4&transport=polling`;
    const opened = await (await fetch(path)).text();
    const { sid }: { sid: string } = JSON.parse(opened.slice(1));
    await fetch(`${path}&sid=${sid}`, {
      method: "POST",
      body: `40${JSON.stringify({ token: a.token(sub) })}`,
    });
    const poll = request(`${path}&sid=${sid}`).end();
    poll.on("error", () => undefined);
    await once(poll, "response");

    await tell(userAudience(sub), ...burst(1, 30));
    const token = a.token("x", { roles: ["admin"] });
    await expect
      .poll(async () => (await a.get("/api/realtime/stats", token)).body)
      .toMatchObject({ connections: 0 });
    expect((await fetch(`${path}&sid=${sid}`)).status).toBe(400);
    poll.destroy();

    const back = connect(a.url, {
      token: a.token(sub),
      cursors: first.cursors,
      transports: ["polling"],
    });
    await back.ready();
    expect(numbers(back.texts())).toEqual(upTo(30));
  });

  test("and goes on asking is cut for the answers it does not take", async ({
    cluster: { a },
    raw,
  }) => {
    const sub = someone();
    const greedy = await raw(a.url, { token: a.token(sub) });
    await expect.poll(() => greedy.packets.join()).toContain("ready");
    const jobId = await a.submit(a.token(sub), { text: "x".repeat(10_000), times: 30 });
    await expect.poll(() => greedy.packets.join()).toContain("job-completed");
    greedy.webSocket.pause();
    const token = a.token("x", { roles: ["admin"] });
    let asked = 0;
    await expect
      .poll(
        async () => {
          // Within what a client may ask; its answers are several times what fits between them.
          for (let n = 0; n < 50 && asked < 100; n += 1, asked += 1)
            greedy.send(`2${asked}["subscribe",{"topic":"job:${jobId}"}]`);
          return (await a.get("/api/realtime/stats", token)).body;
        },
        { timeout: 15_000 },
      )
      .toMatchObject({ connections: 0 });
  });
});

describe("a client that reads slowly", () => {
  test("is given what it missed page by page, however large", async ({
    cluster: { a, tell },
    connect,
    raw,
  }) => {
    const sub = someone();
    const first = connect(a.url, { token: a.token(sub) });
    await first.ready();
    first.socket.disconnect();
    for (let n = 0; n < 4; n += 1) await tell(userAudience(sub), ...burst(50 * n + 1, 50));
    const client = await raw(a.url);
    client.webSocket.on("message", () => {
      client.webSocket.pause();
      setTimeout(() => client.webSocket.resume(), 5);
    });
    client.send(`0${JSON.stringify({ token: a.token(sub), cursors: first.cursors })}`);
    await expect.poll(() => client.packets.at(-1)).toContain('["ready"');
    expect(client.packets.filter((packet) => packet.includes("job-queued"))).toHaveLength(200);
    expect(client.isClosed()).toBe(false);
  });
});

describe("a client that reads", () => {
  test.for(["websocket", "polling"] as const)(
    "is not cut for a burst, over %s",
    async (transport, { cluster: { a, tell }, connect }) => {
      const sub = someone();
      const client = connect(a.url, { token: a.token(sub), transports: [transport] });
      await client.ready();
      await tell(userAudience(sub), ...burst(1, 60));
      await expect.poll(() => client.texts().length).toBe(60);
      expect(numbers(client.texts())).toEqual(upTo(60));
      expect(client.lost).toEqual([]);
    },
  );
});
