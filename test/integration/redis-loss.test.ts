import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import type { Audience } from "../../src/contract/names.ts";
import { createTailMarksTable } from "../../src/db/tail-marks-table.ts";
import { createWriter } from "../../src/feeds/append.ts";
import type { Item } from "../../src/feeds/item.ts";
import { fromPairs } from "../../src/lib/array.ts";
import { createContinuity } from "../../src/recorder/continuity.ts";
import { beat } from "../../src/recorder/heartbeat.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { test as base } from "../support/databases.ts";
import { type Ear, eventsOf, listen, namesOf, seqsOf } from "../support/listening.ts";
import { startRedisServer } from "../support/redis-server.ts";
import { leaseOf, openStage, PARTITIONS, QUEUE, silent, type Stage } from "../support/stage.ts";
import { fact } from "../support/telling.ts";

const audience: Audience = "user:42";
const partition = partitionOf(audience, PARTITIONS);

/** A stage on a Redis that can be killed, and started again with what lies in its folder. */
const test = base.extend("own", async ({}, { onCleanup }) => {
  const folder = await mkdtemp(join(tmpdir(), "jobcast-redis-"));
  const start = (settings: Record<string, string> = {}, port?: number) =>
    startRedisServer({
      settings: { dir: folder, ...settings },
      ...(port === undefined ? {} : { port }),
    });
  let server = await start();
  const stage = openStage(server.url, "loss");
  onCleanup(async () => {
    await stage.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    stage,
    async restart(end: "stop" | "kill", settings?: Record<string, string>) {
      await server[end]();
      server = await start(settings, server.port);
    },
  };
});

const factsOf = (items: Item[]) =>
  items.flatMap((item) => (item.kind === "fact" ? [JSON.parse(item.data)] : []));
const cursorsOf = (items: Item[]): string[] => factsOf(items).map(({ cursor }) => cursor);

/** A recorder at work, and somebody who listens. */
async function setUp(stage: Stage): Promise<Ear> {
  const ear = await listen(await stage.node({ compareEveryMs: 60_000 }), audience);
  stage.recorder();
  return ear;
}

const stateOf = async ({ reader }: Stage, jobId: string) =>
  (await reader.page({ audience, jobId })).job;

/** What the newest generation had lost was told again. */
async function isSettled({ redis, keys }: Stage): Promise<boolean> {
  const [current, settled] = await redis.hmget(keys.partition(partition), "generation", "settled");
  return current === settled;
}

async function generation({ redis, keys }: Stage): Promise<string | null> {
  return await redis.hget(keys.partition(partition), "generation");
}

/** Copies what the partition of the audience holds; the function returned puts it back as a failover does, with every connection cut in the same step. */
async function copyPartition({ redis, strict, keys }: Stage): Promise<() => Promise<void>> {
  const link = strict("failover");
  const pattern = keys.tail(partition).replace("tail", "*");
  const names = await redis.keys(pattern);
  const copies = await Promise.all(
    names.map(async (name) => [name, await redis.dumpBuffer(name)] as const),
  );
  return async () => {
    const failover = link.multi().del(...(await redis.keys(pattern)));
    for (const [name, copy] of copies) if (copy !== null) failover.restore(name, 0, copy);
    await failover.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").exec();
  };
}

describe("a partition that has lost acknowledged writes", () => {
  test("begins a new generation, and is told again exactly once what was lost", async ({ own }) => {
    const { stage } = own;
    const { redis, keys, reader } = stage;
    const { items } = await setUp(stage);
    const early = await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items)).toHaveLength(1));
    const before = await generation(stage);
    const fail = await copyPartition(stage);
    const late = await stage.submit();
    await stage.work(async () => ({}), 2);
    await vi.waitFor(() => expect(eventsOf(items)).toHaveLength(6));
    const heard = cursorsOf(items);
    items.length = 0;
    await fail();

    await vi.waitFor(async () => {
      expect(await generation(stage)).not.toBe(before);
      expect((await reader.page({ audience })).head.seq).toBe(6);
    });
    await vi.waitFor(() => expect(namesOf(items)).toContain("resync epoch"));
    const last = await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items, last.jobId)).toHaveLength(3));

    const log = (await redis.xrange(keys.log(partition, audience), "-", "+")).map(([, flat]) =>
      JSON.parse(fromPairs(flat)["d"] ?? ""),
    );
    expect(new Set(log.map(({ eventId }) => eventId)).size).toBe(log.length);
    for (const { jobId } of [early, late, last])
      expect(log.filter((one) => one.jobId === jobId).map(({ status }) => status)).toEqual([
        "queued",
        "processing",
        "completed",
      ]);
    expect(cursorsOf(items).filter((cursor) => heard.includes(cursor))).toEqual([]);
    const page = await reader.page({ audience, jobId: late.jobId });
    expect(JSON.parse(page.job ?? "")).toMatchObject({ job: { status: "completed" } });
  });
});

describe("a loss that the recorder in charge did not see", () => {
  test("is found by one that starts afterwards, from what its predecessor left", async ({
    own,
    postgres,
  }) => {
    const { stage } = own;
    const marks = createTailMarksTable(postgres.db);
    const leave = async () => {
      const recorder = stage.recorder({ marks });
      const { jobId } = await stage.submit();
      await vi.waitFor(async () => expect(await stateOf(stage, jobId)).toBeDefined());
      await recorder.close();
      const tail = stage.keys.tail(partition);
      const [newest] = await stage.redis.xrevrange(tail, "+", "-", "COUNT", 1);
      expect((await marks.load([tail])).get(tail)?.entryId).toBe(newest?.[0]);
    };
    await leave();
    const before = await generation(stage);
    await leave();
    expect(await generation(stage)).toBe(before);
    const fail = await copyPartition(stage);
    await leave();
    await fail();
    await leave();

    expect(await generation(stage)).not.toBe(before);
    const { head } = await stage.reader.page({ audience });
    expect(head).toMatchObject({ epoch: expect.stringContaining(`${await generation(stage)}.`) });
    await vi.waitFor(async () => expect((await stage.reader.page({ audience })).head.seq).toBe(4));
  });

  test("is found by a node that has told its clients what was lost", async ({ own }) => {
    const { stage } = own;
    const { items } = await listen(await stage.node({ compareEveryMs: 60_000 }), audience);
    const recorder = stage.recorder();
    await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items)).toHaveLength(1));
    const fail = await copyPartition(stage);
    await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items)).toHaveLength(2));
    await recorder.close();
    const before = await generation(stage);
    await fail();
    await vi.waitFor(async () => expect(await generation(stage)).not.toBe(before));
    await vi.waitFor(() => expect(namesOf(items)).toContain("resync epoch"));

    // And whoever comes to write makes up for it.
    stage.recorder({ lateMs: 500 });
    await vi.waitFor(async () => expect(await isSettled(stage)).toBe(true));
    expect((await stage.reader.page({ audience })).head.seq).toBe(2);
  });
});

describe("the continuity of a connection", () => {
  /** Marks the newest entry of the tail as acknowledged, on a connection of its own. */
  async function watch(stage: Stage, onLoss = async () => {}) {
    const { keys, redis } = stage;
    const link = stage.strict("continuity");
    const continuity = createContinuity({
      redis: link,
      keys,
      partitions: PARTITIONS,
      marks: undefined,
      onLoss,
      log: silent,
    });
    await vi.waitFor(() => continuity.ensure());
    const id = (await redis.xadd(keys.tail(partition), "*", "k", "heartbeat")) ?? "";
    await redis.hset(keys.partition(partition), "generation", "g1");
    continuity.note(partition, id, "g1");
    const cutLink = async () => {
      const linkId = await link.client("ID");
      await redis.client("KILL", "ID", linkId);
    };
    return { continuity, cutLink, id };
  }

  test("is looked at when the link is back, before anybody wants to write", async ({ own }) => {
    const { stage } = own;
    const { cutLink, id } = await watch(stage);
    await stage.redis.xdel(stage.keys.tail(partition), id);
    await cutLink();
    await vi.waitFor(async () => expect(await generation(stage)).not.toBe("g1"));
  });

  test("that others find broken later is not broken once more", async ({ own }) => {
    const { stage } = own;
    const first = await watch(stage);
    let found = 0;
    const second = await watch(stage, async () => void (found += 1));
    for (const { id } of [first, second]) await stage.redis.xdel(stage.keys.tail(partition), id);
    await first.cutLink();
    await vi.waitFor(async () => expect(await generation(stage)).not.toBe("g1"));
    const begun = await generation(stage);
    await second.cutLink();
    await vi.waitFor(() => expect(found).toBe(1));
    expect(await generation(stage)).toBe(begun);
  });

  test("is looked at by each write: the same link may lead to another server", async ({ own }) => {
    const { stage } = own;
    const { continuity, id } = await watch(stage);
    const { redis, keys } = stage;
    const deps = { redis, keys, partitions: PARTITIONS, continuity };
    const writer = createWriter({ ...deps, maxFacts: 10, ttlHours: 1 });
    const append = { audience, source: QUEUE, fence: 1, holder: "a", expectedRef: "", ref: "9-0" };
    await redis.xdel(keys.tail(partition), id);
    const first = await writer.append({ ...append, entries: [fact()] });
    expect(first).toMatchObject({ outcome: "ok", generation: await generation(stage) });
    const begun = await generation(stage);
    expect(begun).not.toBe("g1");

    const lost = (await redis.xrevrange(keys.tail(partition), "+", "-", "COUNT", 1))[0]?.[0] ?? "";
    await redis.xdel(keys.tail(partition), lost);
    await beat(leaseOf("keeper"), deps);
    expect(await generation(stage)).not.toBe(begun);
  });

  test("that is broken keeps what was read before from being written", async ({ own }) => {
    const { stage } = own;
    const stop = new AbortController();
    const { continuity, cutLink, id } = await watch(stage, async () => stop.abort());
    const writer = createWriter({
      redis: stage.redis,
      keys: stage.keys,
      partitions: PARTITIONS,
      maxFacts: 10,
      ttlHours: 1,
      continuity,
    });
    const append = { audience, source: QUEUE, fence: 1, holder: "a", expectedRef: "", ref: "9-0" };
    await stage.redis.xdel(stage.keys.tail(partition), id);
    await cutLink();
    await vi.waitFor(async () => expect(await generation(stage)).not.toBe("g1"));
    await expect(
      writer.append({ ...append, entries: [fact()], signal: stop.signal }),
    ).rejects.toThrow("aborted");
    expect((await stage.reader.page({ audience })).head.seq).toBe(0);
  });
});

describe("a Redis that came back", () => {
  test("from an older copy has a new generation, and tells every outcome", async ({ own }) => {
    const { stage } = own;
    const { items } = await setUp(stage);
    await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items)).toHaveLength(1));
    const before = await generation(stage);
    await stage.redis.save();
    const worker = await stage.work(async () => ({}));
    await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items)).toHaveLength(6));
    await worker.pause();
    const heard = cursorsOf(items);
    items.length = 0;
    await own.restart("kill");

    await vi.waitFor(() => expect(namesOf(items)).toContain("resync epoch"));
    expect(await generation(stage)).not.toBe(before);
    await worker.resume();
    const next = await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items, next.jobId)).toHaveLength(3));
    expect(cursorsOf(items).filter((cursor) => heard.includes(cursor))).toEqual([]);
    const { head, openJobs } = await stage.reader.page({ audience });
    expect({ seq: head.seq, openJobs }).toEqual({ seq: 6, openJobs: 0 });
  });

  test("with all it had acknowledged announces nothing", async ({ own }) => {
    const { stage } = own;
    await stage.redis.config("SET", "appendonly", "yes");
    await stage.redis.config("SET", "appendfsync", "always");
    await vi.waitFor(async () =>
      expect(await stage.redis.info("persistence")).toContain("aof_rewrite_in_progress:0"),
    );
    const { items } = await setUp(stage);
    for (const end of ["stop", "kill"] as const) {
      const told = items.length;
      await stage.submit();
      await vi.waitFor(() => expect(items).toHaveLength(told + 1));
      await own.restart(end, { appendonly: "yes", appendfsync: "always" });
    }
    await vi.waitFor(() => stage.submit());
    await vi.waitFor(() => expect(seqsOf(items)).toEqual([1, 2, 3]));
    expect(namesOf(items).join()).not.toContain("resync");
  });

  test("empty begins anew, and so does one that was emptied", async ({ own }) => {
    const { stage } = own;
    const { items } = await setUp(stage);
    // A fact that came before the new generation was known is behind the resync's cursor.
    const standsAt = () => items.findLast((item) => item.kind !== "gauge")?.cursor;
    await stage.submit();
    await vi.waitFor(() => expect(standsAt()?.seq).toBe(1));
    for (const lose of [() => stage.redis.flushall(), () => own.restart("kill")]) {
      const before = standsAt();
      await lose();
      await vi.waitFor(() => expect(standsAt()?.epoch).not.toBe(before?.epoch));
      await vi.waitFor(() => stage.submit());
      await vi.waitFor(() => expect(standsAt()?.seq).toBe(1));
      expect(new Set(cursorsOf(items)).size).toBe(cursorsOf(items).length);
    }
  });
});
