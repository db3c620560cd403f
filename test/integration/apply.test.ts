import { describe, expect } from "vitest";
import type { Audience } from "../../src/contract/names.ts";
import type { SourceEvent } from "../../src/recorder/queue-events.ts";
import { createApplier } from "../support/applier.ts";
import { test } from "../support/feeds.ts";
import { record } from "../support/jobs.ts";

const audience: Audience = "user:42";
const event = (n: number, name: string, jobId: string, more = {}): SourceEvent => ({
  ref: `${n}-0`,
  at: n,
  event: name,
  jobId,
  ...more,
});

describe("a batch of events", () => {
  test("that finds an earlier write come in late tells what is left of it", async ({ stage }) => {
    const { records, reader, writer } = stage;
    for (const jobId of ["a", "b"]) await records.write(record({ jobId }));
    let isFirst = true;
    const apply = createApplier(stage, {
      async append(append) {
        // The write before this one, whose answer was lost with its link, reaches Redis only now.
        if (isFirst)
          await writer.append({ ...append, ref: "1-0", entries: append.entries.slice(0, 1) });
        isFirst = false;
        return await writer.append(append);
      },
    });
    await apply(event(1, "added", "a"), event(2, "added", "b"));
    const { head } = await reader.page({ audience });
    const { facts } = await reader.page({ audience, cursor: `${head.epoch}-0` });
    expect(facts.map(({ jobId }) => jobId)).toEqual(["a", "b"]);
  });

  test("keeps the record of a job from its outcome for the time of retention, of one retried for good", async ({
    stage,
  }) => {
    const { redis, keys, records } = stage;
    const apply = createApplier(stage);
    const ttl = () => redis.ttl(keys.job("a"));
    await records.write(record({ jobId: "a" }));
    await apply(event(1, "added", "a"), event(2, "active", "a"));
    expect(await ttl()).toBe(-1);
    await apply(event(3, "failed", "a", { failedReason: "" }));
    expect(await ttl()).toBeGreaterThan(86_400 - 60);
    expect(await ttl()).toBeLessThanOrEqual(86_400);
    // The retry was counted before this outcome was read, so nobody else takes the end off again.
    await apply(event(4, "waiting", "a", { prev: "failed" }));
    expect(await ttl()).toBe(-1);
  });
});
