import { describe, expect } from "vitest";
import { accept } from "../../src/jobs/accept.ts";
import { createKept } from "../../src/jobs/kept.ts";
import { createSnapshots } from "../../src/jobs/snapshots.ts";
import { ALONE } from "../support/alone.ts";
import { test } from "../support/feeds.ts";
import { record } from "../support/jobs.ts";
import { PARTITIONS } from "../support/stage.ts";

describe("an accepted job", () => {
  test("is written down, with whom to tell, before it exists", async ({ stage }) => {
    const { records, queues } = stage;
    const snapshots = createSnapshots({ ...stage, partitions: PARTITIONS });
    const job = record({ jobId: "a", audiences: ["user:42", "case:1"] });
    const before: unknown[] = [];
    await accept(job, {
      records,
      snapshots,
      kept: createKept({ ...stage, partitions: PARTITIONS, replicas: ALONE }),
      queues: {
        ...queues,
        async add(...args) {
          before.push(await queues.find(job), await records.read("a"));
          before.push(await snapshots.countOpen("user:42"));
          await queues.add(...args);
        },
      },
    });
    expect(before).toEqual([undefined, { record: job, retries: 0 }, 1]);
  });

  test("leaves its queue by age alone, however many end after it", async ({ stage }) => {
    const { jobId } = await stage.submit();
    const queued = await stage.queues.find(record({ jobId }));
    expect(queued?.opts.removeOnComplete).toEqual({ age: 86_400 });
    expect(queued?.opts.removeOnFail).toEqual({ age: 86_400 });
  });
});
