import { describe, expect, vi } from "vitest";
import type { Audience } from "../../src/contract/names.ts";
import { createFindPrimary } from "../../src/redis/find-primary.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { watchPrimary } from "../../src/redis/primary-watch.ts";
import { test as base } from "../support/folder.ts";
import { eventsOf, listen, namesOf, seqsOf, upTo } from "../support/listening.ts";
import { startSentinels } from "../support/sentinels.ts";
import { openStage, PARTITIONS } from "../support/stage.ts";

// Servers of several processes are started and fail over; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 60_000 });

const audience: Audience = "user:42";
const partition = partitionOf(audience, PARTITIONS);

/** A primary, a replica and three sentinels for each test, and the parts of an installation on them. */
const test = base
  .extend("servers", async ({}, { onCleanup }) => {
    const servers = await startSentinels();
    onCleanup(servers.close);
    return servers;
  })
  .extend("stage", async ({ servers }, { onCleanup }) => {
    const find = createFindPrimary(servers.target);
    const watch = watchPrimary(() => find(""));
    const stage = openStage({ ...servers.target, watch }, "sentinel");
    onCleanup(async () => {
      await stage.close();
      await watch.close();
    });
    return stage;
  });

describe.concurrent("Redis with sentinels", () => {
  test("whose primary ends in order goes on, and nothing is announced", async ({
    servers,
    stage,
  }) => {
    const { items } = await listen(await stage.node({ compareEveryMs: 60_000 }), audience);
    stage.recorder();
    await stage.work(async () => ({}));
    await stage.submit();
    await vi.waitFor(() => expect(seqsOf(items)).toEqual([1, 2, 3]));
    await servers.first.stop();
    await servers.promoted();
    const { jobId } = await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items, jobId)).toHaveLength(3));
    expect(seqsOf(items)).toEqual(upTo(6));
    expect(namesOf(items).join()).not.toContain("resync");
    expect(await servers.second.redis.exists(stage.keys.job(jobId))).toBe(1);
  });

  test("that lose writes say so, and tell again what was lost", async ({ servers, stage }) => {
    const { redis, keys, reader } = stage;
    const { items } = await listen(await stage.node({ compareEveryMs: 60_000 }), audience);
    stage.recorder();
    const early = await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items)).toHaveLength(1));
    const before = await redis.hget(keys.partition(partition), "generation");
    await redis.wait(1, 5000);
    await servers.partReplica();
    await stage.submit();
    await stage.work(async () => ({}), 2);
    await vi.waitFor(() => expect(eventsOf(items)).toHaveLength(6));
    const heard = items.length;
    await servers.first.kill();
    await servers.promoted();

    await vi.waitFor(() => expect(namesOf(items.slice(heard))).toContain("resync epoch"), 15_000);
    expect(await redis.hget(keys.partition(partition), "generation")).not.toBe(before);
    // What the queue has lost is lost; what it has left ends, and is told.
    await vi.waitFor(async () => {
      const page = await reader.page({ audience, jobId: early.jobId });
      expect(JSON.parse(page.job ?? "{}")).toMatchObject({ job: { status: "completed" } });
      expect(page.openJobs).toBe(0);
    }, 15_000);
    const last = await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items, last.jobId)).toHaveLength(3));
  });

  test("are left for the new primary when the old one is cut off and still answers", async ({
    servers,
    stage,
  }) => {
    const { items } = await listen(await stage.node({ compareEveryMs: 60_000 }), audience);
    stage.recorder();
    await stage.work(async () => ({}));
    await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items)).toHaveLength(3));
    await servers.isolate();
    await servers.promoted();
    expect((await servers.first.redis.role())[0]).toBe("master");

    await vi.waitFor(async () => {
      expect(await stage.redis.info("server")).toContain(`tcp_port:${servers.second.port}`);
    });
    const { jobId } = await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items, jobId)).toHaveLength(3), 15_000);
    expect(await servers.first.redis.exists(stage.keys.job(jobId))).toBe(0);
  });
});

describe.concurrent("a node whose primary was cut off, told by nobody", () => {
  test("hears no heartbeat any more, and asks the sentinels anew", async ({ servers }) => {
    const stage = openStage(servers.target, "sentinel");
    try {
      const node = await stage.node({ compareEveryMs: 60_000 });
      const { items } = await listen(node, audience);
      await servers.isolate();
      await servers.promoted();
      // Opened after the failover, these go where the sentinels point.
      const later = openStage(servers.target, "sentinel");
      later.recorder();
      await later.submit();
      await vi.waitFor(() => expect(eventsOf(items)).toHaveLength(1), 15_000);
      await later.close();
    } finally {
      await stage.close();
    }
  });
});
