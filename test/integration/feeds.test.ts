import { describe, expect } from "vitest";
import { META_TTL_MS } from "../../src/feeds/append.ts";
import { fromPairs } from "../../src/lib/array.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { test } from "../support/feeds.ts";
import { upTo } from "../support/listening.ts";
import { PARTITIONS } from "../support/stage.ts";
import { createTeller, fact, gauge, outcome } from "../support/telling.ts";

const audience = "user:42";
const partition = partitionOf(audience, PARTITIONS);

describe("an append", () => {
  test("numbers facts without a hole, and snapshot, log and tail agree", async ({ stage }) => {
    const { redis, keys, reader, writer } = stage;
    const tell = createTeller(writer, audience);
    for (const n of upTo(50)) await tell(fact("a", { n }), gauge("a", n), fact("b", { n }));

    const log = await redis.xrange(keys.log(partition, audience), "-", "+");
    expect(log.map(([id]) => id)).toEqual(upTo(100).map((seq) => `${seq}-0`));
    const tail = (await redis.xrange(keys.tail(partition), "-", "+")).map(([, flat]) =>
      fromPairs(flat),
    );
    expect(tail.map(({ n }) => Number(n))).toEqual(upTo(150));
    const facts = tail.filter(({ k }) => k === "fact");
    expect(facts.map(({ d }) => d)).toEqual(log.map(([, flat]) => fromPairs(flat)["d"]));

    const { head } = await reader.page({ audience });
    expect(head.seq).toBe(100);
    expect(facts.map(({ c }) => c)).toEqual(upTo(100).map((seq) => `${head.epoch}-${seq}`));
    expect(JSON.parse(facts.at(-1)?.["d"] ?? "")).toEqual({
      jobId: "b",
      n: 50,
      feed: audience,
      cursor: `${head.epoch}-100`,
    });
    const snapshots = await redis.hgetall(keys.jobs(partition, audience));
    expect(snapshots).toEqual({ a: gauge("a", 50).snapshot, b: fact("b", { n: 50 }).snapshot });
  });

  test("made twice because its answer was lost is applied once", async ({ stage }) => {
    const { writer, reader } = stage;
    const append = {
      audience,
      source: "s",
      fence: 1,
      holder: "a",
      expectedRef: "",
      ref: "1-0",
    } as const;
    expect(await writer.append({ ...append, entries: [fact()] })).toMatchObject({ outcome: "ok" });
    expect(await writer.append({ ...append, entries: [fact()] })).toEqual({
      outcome: "moved",
      lastRef: "1-0",
    });
    expect((await reader.page({ audience })).head.seq).toBe(1);
  });

  test("is refused when another holder has written, with a higher fence or the same", async ({
    stage,
  }) => {
    const { writer, reader } = stage;
    const append = {
      audience,
      source: "s",
      expectedRef: "",
      ref: "1-0",
      entries: [fact()],
    } as const;
    const by = (holder: string, fence: number, more: object = {}) =>
      writer.append({ ...append, entries: [fact()], holder, fence, ...more });
    expect(await by("a", 2)).toMatchObject({ outcome: "ok" });
    const next = { expectedRef: "1-0", ref: "2-0" };
    expect(await by("zombie", 1, next)).toEqual({ outcome: "fenced", fence: 2 });
    expect(await by("double", 2, next)).toEqual({ outcome: "fenced", fence: 2 });
    expect(await by("successor", 3, next)).toMatchObject({ outcome: "ok" });
    expect(await by("a", 2, { expectedRef: "2-0", ref: "3-0" })).toEqual({
      outcome: "fenced",
      fence: 3,
    });
    expect((await reader.page({ audience })).head.seq).toBe(2);
  });

  test("counts each source by itself", async ({ stage }) => {
    const { writer, reader } = stage;
    for (const source of ["one", "two"]) {
      const tell = createTeller(writer, audience, source);
      for (const _ of upTo(3)) expect(await tell(fact())).toMatchObject({ outcome: "ok" });
    }
    expect((await reader.page({ audience })).head.seq).toBe(6);
  });

  test("made from a snapshot that has changed is refused whole", async ({ stage }) => {
    const { writer, reader } = stage;
    const tell = createTeller(writer, audience);
    await tell(gauge("a", 10));
    const stale = { ...outcome("a"), madeFrom: gauge("a", 5).snapshot };
    const append = {
      audience,
      source: "keeper",
      fence: 1,
      holder: "k",
      expectedRef: "",
      ref: "1-0",
    } as const;
    expect(await writer.append({ ...append, entries: [fact("b"), stale] })).toMatchObject({
      outcome: "moved",
    });
    expect((await reader.page({ audience })).head.seq).toBe(0);
    const fresh = { ...outcome("a"), madeFrom: gauge("a", 10).snapshot };
    expect(await writer.append({ ...append, entries: [fresh] })).toMatchObject({ outcome: "ok" });
  });

  test("that counts what is no share of a batch is refused before it has changed anything", async ({
    stage,
  }) => {
    const { redis, keys, writer, reader } = stage;
    const at = new Date().toISOString();
    const batch = { batchId: "batch-1", status: "processing", progress: Number.NaN, at } as const;
    const odd = { ...fact("a"), batch };
    await expect(createTeller(writer, audience)(fact("b"), odd)).rejects.toThrow("no share");
    expect(await redis.exists(keys.tail(partition), keys.jobs(partition, audience))).toBe(0);
    expect(await createTeller(writer, audience)(fact())).toMatchObject({ outcome: "ok" });
    expect((await reader.page({ audience })).head.seq).toBe(1);
  });

  test("keeps snapshots of open jobs for ever, and those of finished ones for a while", async ({
    stage,
  }) => {
    const { redis, keys, writer, reader } = stage;
    const tell = createTeller(writer, audience);
    const ttl = () => redis.pttl(keys.jobs(partition, audience));
    await tell(fact("a"), fact("b"));
    await tell(outcome("a"));
    expect(await ttl()).toBe(-1);
    const page = await reader.page({ audience, maxOpenJobs: 10, jobId: "a" });
    expect(page).toMatchObject({
      openJobs: 1,
      open: [fact("b").snapshot],
      job: outcome("a").snapshot,
    });
    await tell(outcome("b"));
    expect(await ttl()).toBeGreaterThan(3_500_000);
    expect(await redis.exists(keys.open(partition))).toBe(0);
    await tell(fact("c"));
    expect(await ttl()).toBe(-1);
    expect(await redis.pttl(keys.meta(partition, audience))).toBeGreaterThan(META_TTL_MS - 60_000);
  });

  test("says nothing of what is silent, but keeps its snapshot", async ({ stage }) => {
    const { redis, keys, writer } = stage;
    const tell = createTeller(writer, audience);
    await tell({ ...gauge("a", 7), kind: "silent" });
    expect(await redis.xlen(keys.tail(partition))).toBe(0);
    expect(await redis.hget(keys.jobs(partition, audience), "a")).toBe(gauge("a", 7).snapshot);
  });
});

describe("a page", () => {
  test("holds at most 200 facts, and the next goes on from there", async ({ stage }) => {
    const { writer, reader } = stage;
    const tell = createTeller(writer, audience);
    await tell(...upTo(450).map((n) => fact("a", { n })));
    const { head } = await reader.page({ audience });
    const sizes: number[] = [];
    for (let seq = 0; seq < head.seq; seq += sizes.at(-1) ?? head.seq) {
      const page = await reader.page({ audience, cursor: `${head.epoch}-${seq}` });
      expect(page.status).toBe("ok");
      expect(page.facts[0]?.seq).toBe(seq + 1);
      sizes.push(page.facts.length);
    }
    expect(sizes).toEqual([200, 200, 50]);
  });

  test("is read once for all who ask in the same turn", async ({ stage }) => {
    const { reader } = stage;
    const [a, b, other] = await Promise.all([
      reader.page({ audience }),
      reader.page({ audience }),
      reader.page({ audience, maxOpenJobs: 1 }),
    ]);
    expect(a).toBe(b);
    expect(a).not.toBe(other);
    expect(await reader.page({ audience })).not.toBe(a);
  });
});

describe("a cursor", () => {
  test.for([
    ["malformed", "nonsense", "unknown"],
    ["negative", "E--5", "unknown"],
    ["absurd", "E-99999999999999999999", "unknown"],
    ["no string", { seq: 1 }, "unknown"],
    ["too high", "E-4", "unknown"],
    ["of another epoch", "0.0-2", "epoch"],
    ["at the top", "E-3", "ok"],
    ["before the first fact", "E-0", "ok"],
    ["absent", undefined, "none"],
    ["null, as the wire has what is absent", null, "none"],
  ] as const)("that is %s", async ([, given, status], { stage }) => {
    const { writer, reader } = stage;
    const tell = createTeller(writer, audience);
    for (const _ of upTo(3)) await tell(fact());
    const { head } = await reader.page({ audience });
    const cursor = typeof given === "string" ? given.replace("E", head.epoch) : given;
    expect(await reader.page({ audience, cursor })).toMatchObject({ status, head });
  });

  test("of somebody else's feed is of another epoch", async ({ stage }) => {
    const { writer, reader } = stage;
    for (const one of ["user:1", "user:2"] as const) await createTeller(writer, one)(fact());
    const { head } = await reader.page({ audience: "user:1" });
    const page = await reader.page({ audience: "user:2", cursor: `${head.epoch}-1` });
    expect(page).toMatchObject({ status: "epoch", facts: [] });
  });

  test("whose facts were trimmed is expired, those after it are not", async ({ stage }) => {
    const { redis, keys, writer, reader } = stage;
    const tell = createTeller(writer, audience);
    for (const _ of upTo(5)) await tell(fact());
    await redis.xtrim(keys.log(partition, audience), "MINID", "4-0");
    const { head } = await reader.page({ audience });
    const at = async (seq: number) => {
      const { status, facts } = await reader.page({ audience, cursor: `${head.epoch}-${seq}` });
      return [status, ...facts.map((one) => one.seq)];
    };
    expect(await at(2)).toEqual(["expired"]);
    expect(await at(3)).toEqual(["ok", 4, 5]);
    await redis.del(keys.log(partition, audience));
    expect(await at(3)).toEqual(["expired"]);
    expect(await at(5)).toEqual(["ok"]);
  });

  test("of a feed that nobody has written to yet is good later", async ({ stage }) => {
    const { writer, reader } = stage;
    const { head } = await reader.page({ audience });
    expect(head.seq).toBe(0);
    await createTeller(writer, audience)(fact());
    const page = await reader.page({ audience, cursor: `${head.epoch}-0` });
    expect(page).toMatchObject({ status: "ok", facts: [{ seq: 1, event: "job-started" }] });
  });
});
