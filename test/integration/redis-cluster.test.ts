import { createReplicas } from "../../src/redis/replicas.ts";
import { describe, expect, vi } from "vitest";
import type { Audience } from "../../src/contract/names.ts";
import type { RedisClient } from "../../src/redis/connect.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { primariesOf } from "../../src/redis/primaries.ts";
import { createCancellations } from "../../workers/cancellations.ts";
import { test as base } from "../support/folder.ts";
import { type Ear, eventsOf, listen, namesOf, seqsOf, upTo } from "../support/listening.ts";
import { startRedisCluster } from "../support/redis-cluster.ts";
import { clientsOf, openStage, PARTITIONS, QUEUE, silent, type Stage } from "../support/stage.ts";

// Servers of several processes are started and fail over; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 60_000 });

/** One of each partition. */
const audiences = Array.from({ length: PARTITIONS }, (_, partition) => {
  for (let i = 0; ; i += 1) {
    const audience: Audience = `user:${i}`;
    if (partitionOf(audience, PARTITIONS) === partition) return audience;
  }
});

/** Three primaries, and the parts of an installation on them. */
const test = base
  .extend("servers", { scope: "file" }, async ({}, { onCleanup }) => {
    const servers = await startRedisCluster();
    onCleanup(servers.close);
    return servers;
  })
  .extend("stage", async ({ servers, task }, { onCleanup }) => {
    const stage = openStage(servers.target, `test-${task.id}`);
    onCleanup(stage.close);
    return stage;
  })
  .extend("replicated", async ({}, { onCleanup }): Promise<Replicated> => {
    const servers = await startRedisCluster({ replicas: 1 });
    const stage = openStage(servers.target, "cluster");
    onCleanup(async () => {
      await stage.close();
      await servers.close();
    });
    return { servers, stage };
  });

/** How many listen, over all primaries. */
async function heardBy(redis: RedisClient, channel: string): Promise<number> {
  const counts = primariesOf(redis).map((primary) => primary.pubsub("NUMSUB", channel));
  return (await Promise.all(counts)).reduce((sum, [, count]) => sum + Number(count), 0);
}

interface Replicated {
  servers: Awaited<ReturnType<typeof startRedisCluster>>;
  stage: Stage<RedisClient>;
}

/** A partition whose primary can go without the queue's. */
async function partitionAwayFromQueue({ servers, stage: { keys } }: Replicated): Promise<number> {
  const queue = await servers.ownerOf(keys.events(QUEUE));
  for (const partition of audiences.keys())
    if ((await servers.ownerOf(keys.tail(partition))).owner !== queue.owner) return partition;
  throw new Error("One primary has it all");
}

describe("a Redis Cluster", () => {
  test("has the partitions on all its primaries, and every feed is heard in order", async ({
    servers,
    stage,
  }) => {
    const { keys, redis } = stage;
    const node = await stage.node({ compareEveryMs: 60_000 });
    const ears = new Map<Audience, Ear>();
    for (const audience of audiences) ears.set(audience, await listen(node, audience));
    stage.recorder();
    await stage.work(async () => ({}));
    for (let i = 0; i < 3; i += 1) await stage.submit({ audiences });
    for (const { items } of ears.values()) {
      await vi.waitFor(() => expect(seqsOf(items)).toEqual(upTo(9)), 15_000);
      expect(namesOf(items).join()).not.toContain("resync");
    }
    expect(await redis.exists(keys.deadLetters)).toBe(0);
    const owners = await Promise.all(
      audiences.map(async (_, partition) => (await servers.ownerOf(keys.tail(partition))).owner),
    );
    expect(new Set(owners).size).toBeGreaterThan(1);
  });

  test("carries a cancel request to whoever runs the job", async ({ stage }) => {
    const { redis, keys, records } = stage;
    const subscriber = stage.connect();
    const cancellations = createCancellations({ redis, subscriber, keys, log: silent });
    await vi.waitFor(async () => expect(await heardBy(redis, keys.cancelChannel)).toBe(1));
    const { jobId } = await stage.submit();
    const heard: string[] = [];
    subscriber.on("message", (_channel, id) => heard.push(id));
    const cancelled = new Promise<void>((resolve) => cancellations.watch(jobId, 0, resolve));
    await records.askCancel(jobId);
    await cancelled;
    await vi.waitFor(() => expect(heard).toEqual([jobId]));
    cancellations.close();
  });

  test("has a worker block on one link, to the server that has its queue", async ({
    servers,
    stage,
  }) => {
    const { keys } = stage;
    const name = `${keys.bull(QUEUE)}:${Buffer.from(QUEUE).toString("base64")}`;
    await stage.work(async () => ({}));
    const { owner, other } = await servers.ownerOf(keys.events(QUEUE));
    await vi.waitFor(async () => expect(await clientsOf(owner.redis, name)).toHaveLength(1));
    expect(await clientsOf(other.redis, name)).toEqual([]);
  });

  test("moves slots while they are in use, and nothing is lost or announced", async ({
    servers,
    stage,
  }) => {
    const { keys } = stage;
    const audience = audiences[0] ?? "all";
    const { items } = await listen(await stage.node({ compareEveryMs: 60_000 }), audience);
    stage.recorder();
    await stage.work(async () => ({}));
    await stage.submit({ audiences: [audience] });
    await vi.waitFor(() => expect(seqsOf(items)).toEqual(upTo(3)));
    for (const key of [keys.tail(0), keys.events(QUEUE)]) await servers.move(key);
    const { jobId } = await stage.submit({ audiences: [audience] });
    await vi.waitFor(() => expect(eventsOf(items, jobId)).toHaveLength(3), 15_000);
    expect(seqsOf(items)).toEqual(upTo(6));
    expect(namesOf(items).join()).not.toContain("resync");
  });
});

describe.concurrent("a primary of a Redis Cluster", () => {
  test("that ends in order is followed by its replica, and nothing is announced", async ({
    replicated: { servers, stage },
  }) => {
    const { keys } = stage;
    const audience = audiences[0] ?? "all";
    const { items } = await listen(await stage.node({ compareEveryMs: 60_000 }), audience);
    stage.recorder();
    await stage.work(async () => ({}));
    await stage.submit({ audiences: [audience] });
    await vi.waitFor(() => expect(seqsOf(items)).toEqual(upTo(3)));
    const { owner } = await servers.ownerOf(keys.tail(0));
    await owner.stop();
    await servers.promoted(keys.tail(0));
    await stage.submit({ audiences: [audience] });
    await vi.waitFor(() => expect(seqsOf(items)).toEqual(upTo(6)), 15_000);
    expect(namesOf(items).join()).not.toContain("resync");
  });

  test("that takes writes with it is found out, and they are told again", async ({
    replicated: { servers, stage },
  }) => {
    const { keys, redis, reader } = stage;
    const partition = await partitionAwayFromQueue({ servers, stage });
    const audience = audiences[partition] ?? "all";
    const { items } = await listen(await stage.node({ compareEveryMs: 60_000 }), audience);
    stage.recorder();
    const early = await stage.submit({ audiences: [audience] });
    await vi.waitFor(() => expect(seqsOf(items)).toEqual([1]));
    const before = await redis.hget(keys.partition(partition), "generation");
    await servers.partReplica(keys.tail(partition));
    await stage.work(async () => ({}));
    await vi.waitFor(() => expect(seqsOf(items)).toEqual(upTo(3)));
    const heard = items.length;
    const { owner } = await servers.ownerOf(keys.tail(partition));
    await owner.kill();
    await servers.promoted(keys.tail(partition));

    await vi.waitFor(() => expect(namesOf(items.slice(heard))).toContain("resync epoch"), 15_000);
    expect(await redis.hget(keys.partition(partition), "generation")).not.toBe(before);
    await vi.waitFor(async () => {
      const page = await reader.page({ audience, jobId: early.jobId });
      expect(JSON.parse(page.job ?? "{}")).toMatchObject({ job: { status: "completed" } });
      expect(page.head.seq).toBe(3);
    }, 15_000);
  });

  test("that has fallen is not waited for when another took its place", async ({
    replicated: { servers, stage },
  }) => {
    const { keys } = stage;
    const redis = stage.strict("replicas");
    const replicas = createReplicas({ redis, keys, log: silent });
    const written = [keys.tail(0)];
    await vi.waitFor(() => replicas.begin()(written));
    const { owner } = await servers.ownerOf(keys.tail(0));
    await owner.kill();
    await servers.promoted(keys.tail(0));
    await vi.waitFor(() => replicas.begin()(written), { timeout: 20_000, interval: 200 });
    replicas.close();
  });
});
