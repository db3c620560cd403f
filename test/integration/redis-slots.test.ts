import { describe, expect, vi } from "vitest";
import { test as base } from "../support/folder.ts";
import { eventsOf, listen } from "../support/listening.ts";
import { startRedisServer } from "../support/redis-server.ts";
import { openStage } from "../support/stage.ts";

/** A Redis that refuses every script and transaction whose keys do not lie in one slot, as all of a cluster's do. */
const test = base.extend("stage", async ({ folder }, { onCleanup }) => {
  const settings = { dir: folder, "cluster-enabled": "yes" };
  const server = await startRedisServer({ settings });
  const stage = openStage(server.url, "slots");
  onCleanup(async () => {
    await stage.close();
    await server.stop();
  });
  await stage.redis.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  // A node of a cluster takes writes two seconds after its start.
  await vi.waitFor(
    async () =>
      expect(String(await stage.redis.call("CLUSTER", "INFO"))).toContain("cluster_state:ok"),
    5000,
  );
  return stage;
});

describe("keys that belong together", () => {
  test("lie in one slot: from the queue to the feed nothing crosses slots", async ({ stage }) => {
    const { redis, keys } = stage;
    const audiences = ["user:42", "user:43", "case:1"] as const;
    stage.recorder();
    await stage.work(async () => ({}));
    await stage.submit({ audiences: [...audiences] });
    await vi.waitFor(async () => {
      for (const audience of audiences)
        expect((await stage.reader.page({ audience })).head.seq).toBe(3);
    });
    const node = await stage.node();
    for (const audience of audiences) {
      const { head } = await stage.reader.page({ audience });
      const { items } = await listen(node, audience, `${head.epoch}-0`);
      expect(eventsOf(items)).toEqual(["job-queued", "job-started", "job-completed"]);
    }
    expect(await redis.exists(keys.deadLetters)).toBe(0);
  });
});
