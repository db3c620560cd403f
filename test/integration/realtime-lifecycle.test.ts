import { Redis } from "ioredis";
import { describe, expect } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { createInstallation, someone } from "../support/gateway.ts";
import { test } from "../support/socket-client.ts";

/** What would keep a process alive: sockets, servers, timers. */
function openHandles(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  const { TCPSocketWrap = 0, TCPServerWrap = 0, Timeout = 0 } = counts;
  return { TCPSocketWrap, TCPServerWrap, Timeout };
}

/** Like `vi.waitFor`, without a timer that would be counted. */
async function untilSettled(check: () => void): Promise<void> {
  const deadline = performance.now() + 5000;
  for (;;) {
    try {
      return check();
    } catch (thrown) {
      if (performance.now() > deadline) throw thrown;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describe("a node", () => {
  test("leaves nothing open when it is closed, once or twice", async ({
    redisUrl,
    postgresUrl,
    connect,
  }) => {
    const before = openHandles();
    const installation = createInstallation({ redisUrl, postgresUrl });
    const node = await installation.start({ roles: ["gateway", "recorder", "worker"] });
    const client = connect(node.url, { token: node.token(someone()), reconnection: false });
    await client.ready();
    expect(openHandles()["TCPServerWrap"]).toBeGreaterThan(before["TCPServerWrap"] ?? 0);
    await Promise.all([node.close(), node.close()]);
    await installation.close();
    await untilSettled(() => expect(openHandles()).toEqual(before));
  });

  test("that cannot start leaves nothing running", async ({ mortal }) => {
    const redis = new Redis(mortal.redisUrl);
    const connections = async () => {
      const list = String(await redis.client("LIST"));
      return list.split("\n").filter((line) => line.includes("name=jobcast-")).length;
    };
    try {
      const first = await mortal.start();
      const count = await connections();
      const subscriptions = await redis.pubsub("NUMPAT");
      const env = { PORT: new URL(first.url).port };
      await expect(
        mortal.start({ roles: ["gateway", "recorder", "worker"], env }),
      ).rejects.toMatchObject({ code: "EADDRINUSE" });
      await expect.poll(connections).toBe(count);
      expect(await redis.pubsub("NUMPAT")).toBe(subscriptions);
      expect((await first.get("/readyz")).status).toBe(200);
    } finally {
      redis.disconnect();
    }
  });

  test("does not notice another in its process", async ({
    redisUrl,
    postgresUrl,
    installation,
    connect,
  }) => {
    const other = createInstallation({ redisUrl, postgresUrl });
    try {
      const [mine, theirs] = [await installation.start(), await other.start()];
      const sub = someone();
      const clients = [mine, theirs].map((node) => connect(node.url, { token: mine.token(sub) }));
      await Promise.all(clients.map((client) => client.ready()));
      await installation.tell(userAudience(sub), { text: "mine" });
      await other.tell(userAudience(sub), { text: "theirs" });
      for (const [i, text] of ["mine", "theirs"].entries())
        await expect.poll(() => clients[i]?.texts()).toEqual([text]);

      await other.close();
      await installation.tell(userAudience(sub), { text: "still here" });
      await expect.poll(() => clients[0]?.texts()).toEqual(["mine", "still here"]);
      const scraped = await (await fetch(`${mine.url}/metrics`)).text();
      expect(scraped.match(/^jobcast_connections\{.*\} 1$/gm)).toHaveLength(1);
    } finally {
      await other.close();
    }
  });
});
