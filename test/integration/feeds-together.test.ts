import { describe, expect } from "vitest";
import type { Audience } from "../../src/contract/names.ts";
import type { Answered, Entry } from "../../src/feeds/append.ts";
import { fromPairs } from "../../src/lib/array.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { test } from "../support/feeds.ts";
import { upTo } from "../support/listening.ts";
import { PARTITIONS } from "../support/stage.ts";
import { fact, gauge, outcome } from "../support/telling.ts";

const audience = "user:42";
const partition = partitionOf(audience, PARTITIONS);

describe("updates of many audiences", () => {
  const claim = { source: "s", fence: 1, holder: "a" };
  /** Of the one partition. */
  const neighbours = upTo(2000)
    .map((n) => `user:${n}` as const)
    .filter((one) => partitionOf(one, PARTITIONS) === partition)
    .slice(0, 150);
  const first = (one: Audience, ...entries: Entry[]) => ({
    audience: one,
    expectedRef: "",
    ref: "1-0",
    entries: entries.length === 0 ? [fact()] : entries,
  });
  const outcomes = (answers: Answered<{ audience: Audience }>[]) =>
    new Map(answers.map(({ update, answer }) => [update.audience, answer.outcome]));

  test("are numbered each by itself, and without a hole in the tail", async ({ stage }) => {
    const { redis, keys, reader, writer } = stage;
    const elsewhere = upTo(50).map((n) => `user:elsewhere-${n}` as const);
    const all = [...neighbours, ...elsewhere];
    const answers = outcomes(
      await writer.appendAll(
        claim,
        all.map((one) => first(one)),
      ),
    );
    expect(answers.size).toBe(all.length);
    expect(new Set(answers.values())).toEqual(new Set(["ok"]));
    const heads = await Promise.all(
      all.map(async (one) => (await reader.page({ audience: one })).head),
    );
    expect(heads.map(({ seq }) => seq)).toEqual(all.map(() => 1));
    expect(new Set(heads.map(({ epoch }) => epoch)).size).toBe(all.length);
    const tail = await redis.xrange(keys.tail(partition), "-", "+");
    expect(tail.map(([, flat]) => Number(fromPairs(flat)["n"]))).toEqual(upTo(tail.length));
  });

  test("are all applied but the one that Redis refuses", async ({ stage }) => {
    const { redis, keys, writer } = stage;
    const [ill = audience, ...well] = neighbours.slice(0, 5);
    await redis.set(keys.log(partition, ill), "not a stream");
    const answered = await writer.appendAll(
      claim,
      [ill, ...well].map((one) => first(one)),
    );
    const answers = outcomes(answered);
    expect(answers.get(ill)).toBe("failed");
    expect(well.map((one) => answers.get(one))).toEqual(well.map(() => "ok"));
    expect(await redis.exists(keys.jobs(partition, ill))).toBe(0);
  });

  test("are all applied but the one that was applied before", async ({ stage }) => {
    const { reader, writer } = stage;
    const [again = audience, ...others] = neighbours.slice(0, 5);
    await writer.append({ ...claim, ...first(again) });
    const answered = await writer.appendAll(
      claim,
      [...others, again].map((one) => first(one)),
    );
    const answers = outcomes(answered);
    expect(answers.get(again)).toBe("moved");
    expect(others.map((one) => answers.get(one))).toEqual(others.map(() => "ok"));
    expect((await reader.page({ audience: again })).head.seq).toBe(1);
  });

  test("are refused where the keeper has changed something since", async ({ stage }) => {
    const { writer, reader } = stage;
    await writer.append({ ...claim, ...first(audience, fact("a")) });
    const next = { ...first(audience, gauge("a", 1)), expectedRef: "1-0", ref: "2-0" };
    const mended = { ...first(audience, outcome("a")), source: "keeper", fence: 1, holder: "k" };
    await writer.append(mended);
    const tell = (sweptRef: string) => writer.append({ ...claim, ...next, sweptRef });
    expect(await tell("")).toMatchObject({ outcome: "moved" });
    expect(await tell("1-0")).toMatchObject({ outcome: "ok" });
    expect((await reader.page({ audience })).head.seq).toBe(2);
  });
});
