import { setImmediate } from "node:timers/promises";
import type { Audience } from "../../src/contract/names.ts";
import { describe, expect, vi } from "vitest";
import { createTails, DEAF_AFTER_MS, type TailEntry } from "../../src/feeds/tails.ts";
import { beat } from "../../src/recorder/heartbeat.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { test } from "../support/feeds.ts";
import { joinOnly, listen, seqsOf, upTo } from "../support/listening.ts";
import {
  PARTITIONS,
  type Stage,
  cut,
  fearless,
  hangUp,
  leaseOf,
  silent,
} from "../support/stage.ts";
import { createTeller, fact, gauge } from "../support/telling.ts";

const audience = "user:42";
const partition = partitionOf(audience, PARTITIONS);

/** A node whose tails are read over a connection with a name of its own. */
async function openNode(stage: Stage, name: string, compareEveryMs = 60_000) {
  return await stage.node({ tailRedis: stage.ear(name), compareEveryMs });
}

describe("every node", () => {
  test("hears every fact once and in order", async ({ stage }) => {
    const nodes = [await stage.node(), await stage.node()];
    const audiences = ["user:1", "user:2", "group:a", "all"] as const;
    const ears = await Promise.all(
      nodes.flatMap((node) => audiences.map((one) => listen(node, one))),
    );
    await Promise.all(
      audiences.map(async (one) => {
        const tell = createTeller(stage.writer, one);
        for (const n of upTo(100)) await tell(fact("a", { n }), gauge("b", n));
      }),
    );
    for (const { items } of ears) await vi.waitFor(() => expect(seqsOf(items)).toEqual(upTo(100)));
  });

  test("misses nothing when its link is cut again and again under load", async ({
    stage,
    prefix,
  }) => {
    const name = `tails-${prefix}`;
    const node = await openNode(stage, name);
    const { items } = await listen(node, audience);
    const tell = createTeller(stage.writer, audience);
    let said = 0;
    const over = new AbortController();
    const load = (async () => {
      for (; !over.signal.aborted; said += 1) await tell(fact());
    })();
    for (const _ of upTo(8))
      await vi.waitFor(async () => expect(await cut(stage.redis, name)).toBe(1));
    over.abort();
    await load;
    await vi.waitFor(() => expect(seqsOf(items)).toEqual(upTo(said)));
  });

  test("that was away for longer than a tail is kept reads the logs", async ({ stage }) => {
    const { redis, keys, writer } = stage;
    const tailRedis = stage.ear();
    const node = await stage.node({ tailRedis, compareEveryMs: 60_000 });
    const { items } = await listen(node, audience);
    const tell = createTeller(writer, audience);
    await tell(fact());
    await vi.waitFor(() => expect(seqsOf(items)).toEqual([1]));
    await hangUp(tailRedis);
    for (const _ of upTo(300)) await tell(fact());
    await redis.xtrim(keys.tail(partition), "MAXLEN", 5);
    await tailRedis.connect();
    await vi.waitFor(() => expect(seqsOf(items)).toEqual(upTo(301)));
  });

  test("finds a last fact that its tail never brought", async ({ stage }) => {
    const { redis, keys, writer } = stage;
    const tailRedis = stage.ear();
    const node = await stage.node({ tailRedis, compareEveryMs: 200 });
    const { items } = await listen(node, audience);
    const tell = createTeller(writer, audience);
    await tell(fact());
    await vi.waitFor(() => expect(seqsOf(items)).toEqual([1]));
    await hangUp(tailRedis);
    const said = await tell(fact());
    await redis.xdel(keys.tail(partition), said.outcome === "ok" ? said.tailId : "");
    await tailRedis.connect();
    await vi.waitFor(() => expect(seqsOf(items)).toEqual([1, 2]));
  });

  test("compares nothing more once it is closed", async ({ stage }) => {
    const redis = stage.connect();
    const node = await stage.node({ redis, compareEveryMs: 1 });
    await listen(node, audience);
    const pipeline = vi.spyOn(redis, "pipeline");
    await vi.waitFor(() => expect(pipeline).toHaveBeenCalled());
    await node.close();
    const calls = pipeline.mock.calls.length;
    await expect.poll(() => stage.redis.ping(), { interval: 20 }).toBe("PONG");
    await setImmediate();
    expect(pipeline).toHaveBeenCalledTimes(calls);
  });

  test("keeps a room for those who come while the last one leaves twice", async ({ stage }) => {
    const node = await openNode(stage, "leaving");
    const { seat } = await listen(node, audience);
    seat.leave();
    const { items } = await listen(node, audience);
    seat.leave();
    await createTeller(stage.writer, audience)(fact());
    await vi.waitFor(() => expect(seqsOf(items)).toEqual([1]));
  });

  test("leaves nothing behind of a join that failed", async ({ stage }) => {
    const redis = stage.strict();
    const node = await stage.node({ redis });
    await vi.waitFor(() => expect(redis.status).toBe("ready"));
    await hangUp(redis);
    const joins = upTo(3).map(() => joinOnly(node, { audience }));
    for (const join of joins) await expect(join).rejects.toThrow();
    await redis.connect();
    const { items } = await listen(node, audience);
    await createTeller(stage.writer, audience)(fact());
    await vi.waitFor(() => expect(seqsOf(items)).toEqual([1]));
  });
});

describe("the tails", () => {
  function follow(stage: Stage, now?: () => number) {
    const heard: TailEntry[] = [];
    const gaps: number[] = [];
    const redis = stage.ear();
    const tails = createTails({
      openReaders: (streams) => [{ redis, streams }],
      keys: stage.keys,
      partitions: PARTITIONS,
      log: silent,
      isHeard: (name): name is Audience => name !== "user:stranger",
      onEntry: (entry) => void heard.push(entry),
      onGap: (one) => void gaps.push(one),
      ...(now === undefined ? {} : { now }),
    });
    return { redis, tails, heard, gaps };
  }
  const beatOnce = ({ redis, keys }: Stage) =>
    beat(leaseOf("keeper"), { redis, keys, partitions: PARTITIONS, continuity: fearless });

  test("are silent for as long as the partition without a heartbeat", async ({ stage }) => {
    let time = 1000;
    const { tails } = follow(stage, () => time);
    await tails.ready;
    time += 3000;
    expect(tails.silentMs()).toBe(3000);
    await beatOnce(stage);
    await vi.waitFor(() => expect(tails.silentMs()).toBe(0));
    time += 2000;
    await createTeller(stage.writer, audience)(fact());
    expect(tails.silentMs()).toBe(2000);
    await tails.close();
  });

  test("connect anew when they have heard no heartbeat for five seconds", async ({ stage }) => {
    let time = 0;
    const { tails, redis, heard } = follow(stage, () => time);
    await tails.ready;
    const connects = vi.fn();
    redis.on("connect", connects);
    time += DEAF_AFTER_MS + 1;
    await vi.waitFor(() => expect(connects).toHaveBeenCalled());
    await createTeller(stage.writer, audience)(fact());
    await vi.waitFor(() => expect(heard).toHaveLength(1));
    await tails.close();
  });

  test("make nothing of what is said to strangers, and still count it", async ({ stage }) => {
    const { tails, gaps, heard } = follow(stage);
    await tails.ready;
    const everyone = ["user:stranger", audience] as const;
    for (const one of everyone) await createTeller(stage.writer, one)(fact(), gauge("b", 1));
    await vi.waitFor(() => expect(heard).toHaveLength(2));
    expect(heard.map((entry) => [entry.audience, entry.kind])).toEqual([
      [audience, "fact"],
      [audience, "gauge"],
    ]);
    expect(gaps).toEqual([]);
    await tails.close();
  });

  test("report a jump in the running number, a new generation, and a tail that went back", async ({
    stage,
  }) => {
    const { redis, keys, writer } = stage;
    const { tails, gaps, heard, redis: link } = follow(stage);
    await tails.ready;
    await beatOnce(stage);
    const tell = createTeller(writer, audience);
    await tell(fact());
    await vi.waitFor(() => expect(heard).toHaveLength(1));
    expect(gaps).toEqual([]);

    await redis.hincrby(keys.partition(partition), "count", 1);
    await tell(fact());
    await vi.waitFor(() => expect(gaps).toEqual([partition]));

    await redis.hset(keys.partition(partition), "generation", "other");
    await beatOnce(stage);
    await vi.waitFor(() => expect(gaps).toEqual([partition, partition]));

    await hangUp(link);
    await redis.del(keys.tail(partition));
    await link.connect();
    await vi.waitFor(() => expect(gaps).toEqual([partition, partition, partition]));
    await tails.close();
  });

  test("close at once, also when they never were connected", async ({ stage }) => {
    const { tails, redis } = follow(stage);
    redis.disconnect();
    await tails.close();
    await vi.waitFor(() => expect(redis.status).toBe("end"));
  });
});

describe("a heartbeat", () => {
  const beatWith = ({ redis, keys }: Stage, more: object = {}) =>
    beat(leaseOf("keeper"), { redis, keys, partitions: PARTITIONS, continuity: fearless, ...more });

  test("goes into every tail and says the generation", async ({ stage }) => {
    const { redis, keys } = stage;
    await beatWith(stage);
    for (const one of upTo(PARTITIONS).map((n) => n - 1)) {
      const [[, flat] = ["", []]] = await redis.xrange(keys.tail(one), "-", "+");
      const generation = await redis.hget(keys.partition(one), "generation");
      expect(flat).toEqual([
        "n",
        "1",
        "a",
        "",
        "k",
        "heartbeat",
        "e",
        "",
        "j",
        "",
        "c",
        "",
        "d",
        generation,
      ]);
    }
  });

  test("of a zombie is refused", async ({ stage }) => {
    await beatWith(stage);
    const { redis, keys } = stage;
    const successor = { ...leaseOf("keeper"), holder: "successor", fence: 2 };
    await beat(successor, { redis, keys, partitions: PARTITIONS, continuity: fearless });
    await expect(beatWith(stage)).rejects.toMatchObject({ name: "FencedError", fence: 2 });
  });

  test("trims by time what no node can still be reading", async ({ stage }) => {
    const { redis, keys } = stage;
    const old = Date.now() - 3_600_000;
    // Redis trims whole nodes of its stream, of a hundred entries.
    for (const n of upTo(300)) await redis.xadd(keys.tail(partition), `${old + n}-0`, "n", n);
    await createTeller(stage.writer, audience)(fact());
    await beatWith(stage);
    const left = await redis.xrange(keys.tail(partition), "-", "+");
    expect(left.length).toBeLessThan(150);
    expect(left.at(-2)?.[1]).toContain("fact");
  });

  test("trims by size what a flood has brought", async ({ stage }) => {
    const { redis, keys, writer } = stage;
    const tell = createTeller(writer, audience);
    const padding = "x".repeat(1000);
    for (const _ of upTo(20)) await tell(...upTo(50).map((n) => fact("a", { n, padding })));
    await beatWith(stage, { maxBytes: 256 * 1024 });
    const bytes = Number(await redis.memory("USAGE", keys.tail(partition)));
    expect(bytes).toBeLessThan(512 * 1024);
    expect(await redis.xlen(keys.tail(partition))).toBeGreaterThan(100);
  });
});
