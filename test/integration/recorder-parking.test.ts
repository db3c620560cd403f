import { describe, expect, vi } from "vitest";
import type { Audience } from "../../src/contract/names.ts";
import type { SourceEvent } from "../../src/recorder/queue-events.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { createApplier } from "../support/applier.ts";
import { test } from "../support/feeds.ts";
import { record } from "../support/jobs.ts";
import { eventsOf, listen, namesOf } from "../support/listening.ts";
import { startRedisServer } from "../support/redis-server.ts";
import { openStage, PARTITIONS, type Stage } from "../support/stage.ts";

const ill: Audience = "user:ill";
const well: Audience = "user:well";
/** In another partition than the two. */
const fit: Audience = "user:fit";
const illLog = ({ keys }: Stage) => keys.log(partitionOf(ill, PARTITIONS), ill);

const added = (jobId: string, n: number): SourceEvent => ({
  ref: `${n}-0`,
  at: n,
  event: "added",
  jobId,
});

async function write({ records }: Stage, jobId: string, ...audiences: Audience[]): Promise<void> {
  await records.write(record({ jobId, audiences }));
}

describe("an audience that cannot be written", () => {
  test("does not hold up the others, and its events are among the dead letters", async ({
    stage,
  }) => {
    const { redis, keys } = stage;
    const { items } = await listen(await stage.node(), well);
    await redis.set(illLog(stage), "not a stream");
    stage.recorder();
    const shared = await stage.submit({ audiences: [ill, well] });
    const own = await stage.submit({ audiences: [ill] });
    await stage.submit({ audiences: [well] });
    await vi.waitFor(() => expect(eventsOf(items)).toEqual(["job-queued", "job-queued"]));
    await vi.waitFor(async () => {
      const letters = (await redis.xrange(keys.deadLetters, "-", "+")).flatMap(([, flat]) => flat);
      for (const { jobId } of [shared, own]) expect(letters.join()).toContain(jobId);
      expect(letters.join()).not.toContain(well);
    });
  });

  test("is told everything, in order, when it can be written again", async ({ stage }) => {
    const { redis, keys } = stage;
    const { items } = await listen(await stage.node({ compareEveryMs: 50 }), ill);
    await redis.set(illLog(stage), "not a stream");
    stage.recorder();
    const jobs = [
      await stage.submit({ audiences: [ill, well] }),
      await stage.submit({ audiences: [ill] }),
    ];
    await vi.waitFor(
      async () => expect(await redis.xlen(keys.deadLetters)).toBeGreaterThan(3),
      5000,
    );
    await redis.del(illLog(stage));
    await vi.waitFor(() => expect(eventsOf(items)).toEqual(["job-queued", "job-queued"]));
    const told = items.flatMap((item) => (item.kind === "fact" ? [item.jobId] : []));
    expect(told).toEqual(jobs.map(({ jobId }) => jobId));
  });

  test("is told everything also when another recorder has taken over", async ({ stage }) => {
    const { redis, keys } = stage;
    const { items } = await listen(await stage.node({ compareEveryMs: 50 }), ill);
    await redis.set(illLog(stage), "not a stream");
    const first = stage.recorder({ parkedMs: 60_000 });
    await stage.submit({ audiences: [ill] });
    await stage.submit({ audiences: [ill] });
    await vi.waitFor(
      async () => expect(await redis.xlen(keys.deadLetters)).toBeGreaterThan(3),
      5000,
    );
    expect(first.parked()).toBe(1);
    await first.close();
    await redis.del(illLog(stage));
    const second = stage.recorder();
    await vi.waitFor(() => expect(eventsOf(items)).toEqual(["job-queued", "job-queued"]));
    await vi.waitFor(() => expect(second.parked()).toBe(0));
    expect(await redis.exists(keys.parked)).toBe(0);
  });

  test("is told by its epoch to fetch the state", async ({ stage }) => {
    const { items } = await listen(await stage.node({ compareEveryMs: 50 }), ill);
    await stage.redis.set(illLog(stage), "not a stream");
    await write(stage, "a", ill);
    await createApplier(stage)(added("a", 1));
    await vi.waitFor(() => expect(namesOf(items)).toEqual(["resync epoch"]));
  });

  test("while Redis takes no writes is not set aside, and is told when it does again", async ({
    prefix,
    onTestFinished,
  }) => {
    const server = await startRedisServer();
    onTestFinished(server.stop);
    const stage = openStage(server.url, prefix);
    onTestFinished(stage.close);
    const apply = createApplier(stage);
    await write(stage, "a", ill);
    await write(stage, "b", well);
    await apply(added("b", 1));
    await stage.redis.replicaof("127.0.0.1", 1);
    await expect(apply(added("a", 2))).rejects.toThrow("READONLY");
    await stage.redis.replicaof("NO", "ONE");
    await apply(added("a", 2));
    const page = await stage.reader.page({ audience: ill });
    expect(page.head.seq).toBe(1);
    expect(await stage.redis.exists(stage.keys.deadLetters)).toBe(0);
  });
});

describe("a batch", () => {
  test("that fails for one audience ends when nothing of it is in flight any more", async ({
    stage,
  }) => {
    await write(stage, "a", ill, fit);
    let inFlight = 0;
    const written = Promise.withResolvers<void>();
    const redis = stage.strict();
    const send = redis.evalsha.bind(redis);
    vi.spyOn(redis, "evalsha").mockImplementation(async (...call) => {
      if (call.includes(illLog(stage))) throw new Error("Command timed out");
      inFlight += 1;
      await written.promise;
      const answer = await send(...call);
      inFlight -= 1;
      return answer;
    });
    const apply = createApplier(stage, stage.writerOn(redis));
    const inFlightAtEnd = apply(added("a", 1)).catch(() => inFlight);
    await vi.waitFor(() => expect(inFlight).toBe(1));
    await stage.redis.ping();
    written.resolve();
    expect(await inFlightAtEnd).toBe(0);
  });
});
