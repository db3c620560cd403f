import { randomUUID } from "node:crypto";
import { UnrecoverableError } from "bullmq";
import { describe, expect, vi } from "vitest";
import type { Batch } from "../../src/contract/batch.ts";
import type { Audience } from "../../src/contract/names.ts";
import { createBatchStates } from "../../src/jobs/batch-states.ts";
import type { Catalog, JobType } from "../../src/jobs/catalog.ts";
import { createFollowers } from "../../src/jobs/followers.ts";
import type { JobRecord } from "../../src/jobs/record.ts";
import { createSnapshots } from "../../src/jobs/snapshots.ts";
import { readAgain } from "../../src/recorder/reread.ts";
import { sweep } from "../../src/recorder/sweep.ts";
import { ALONE } from "../support/alone.ts";
import { isCaughtUp } from "../support/caught-up.ts";
import { end, test } from "../support/recorder-processes.ts";
import { record } from "../support/jobs.ts";
import { type Ear, eventsOf, listen, seqsOf, upTo } from "../support/listening.ts";
import { leaseOf, PARTITIONS, QUEUE, sign, silent, type Stage } from "../support/stage.ts";

const audience: Audience = "user:42";
/** A batch as a gateway writes it down; its jobs are in line. */
async function submit(stage: Stage, jobs: Partial<JobRecord>[]) {
  const batchId = randomUUID();
  const records = jobs.map((fields) => record({ jobId: randomUUID(), batchId, ...fields }));
  const states = createBatchStates({ ...stage, partitions: PARTITIONS });
  const createdAt = new Date().toISOString();
  const head = { batchId, userId: "42", name: null, caseId: null, total: jobs.length, createdAt };
  const ids = records.map(({ jobId }) => jobId);
  await states.open(audience, head, ids);
  await Promise.all(records.map((one) => stage.records.write(one)));
  await stage.queues.addAll(records);
  return { batchId, ids, read: () => states.read(audience, batchId) };
}

const batchFacts = ({ items }: Ear): Batch[] =>
  items.flatMap((item) =>
    item.kind === "fact" && item.event === "batch-finished" ? [JSON.parse(item.data)] : [],
  );

describe("a batch of two hundred", () => {
  test(
    "is counted right, and told of once, when its recorder is killed again and again",
    {
      timeout: 60_000,
    },
    async ({ stage, start }) => {
      const ear = await listen(await stage.node(), audience);
      const { read, ids } = await submit(
        stage,
        Array.from({ length: 200 }, () => ({})),
      );
      const phases = [0, 1, 2].map(() => Promise.withResolvers<void>());
      let worked = 0;
      await stage.work(async () => {
        const phase = phases[Math.floor(worked / 70)];
        worked += 1;
        await phase?.promise;
        await new Promise((resolve) => setTimeout(resolve, 10));
        if (worked % 10 === 0) throw new UnrecoverableError("No luck");
        return {};
      }, 2);
      for (const [phase, name] of ["one", "two"].entries()) {
        const { length } = ear.items;
        phases[phase]?.resolve();
        const child = start(name);
        await vi.waitFor(() => expect(ear.items.length).toBeGreaterThan(length + 20), 15_000);
        await end(child);
        expect((await read())?.status).toBe("open");
      }
      phases[2]?.resolve();
      stage.recorder({ holder: "last" });
      await vi.waitFor(() => expect(batchFacts(ear)).toHaveLength(1), 20_000);
      await isCaughtUp(stage);
      expect(batchFacts(ear)).toHaveLength(1);

      const snapshots = createSnapshots({ ...stage, partitions: PARTITIONS });
      const jobs = (await snapshots.readMany(audience, ids)).map(({ job }) => job.status);
      const failed = jobs.filter((status) => status === "failed").length;
      const counts = { queued: 0, processing: 0, completed: 200 - failed, failed, cancelled: 0 };
      expect(jobs).toHaveLength(200);
      expect(batchFacts(ear)[0]).toMatchObject({ counts, progress: 100, status: "finished" });
      expect(await read()).toMatchObject({ counts, progress: 100, status: "finished" });
      const { length } = seqsOf(ear.items);
      expect(seqsOf(ear.items)).toEqual(upTo(length));
    },
  );

  test("stays as it is when all that its queue said is read again", async ({ stage }) => {
    const { redis, keys } = stage;
    const ear = await listen(await stage.node(), audience);
    const { read } = await submit(
      stage,
      Array.from({ length: 200 }, () => ({})),
    );
    await stage.work(async () => ({}), 10);
    const first = stage.recorder({ holder: "first" });
    await vi.waitFor(() => expect(batchFacts(ear)).toHaveLength(1), 15_000);
    const before = await read();
    await readAgain(redis, keys, QUEUE);
    await isCaughtUp(stage);
    await first.close();
    await redis.del(keys.place(QUEUE));
    stage.recorder({ holder: "second" });
    await isCaughtUp(stage);
    expect(await read()).toEqual(before);
    expect(batchFacts(ear)).toHaveLength(1);
    expect(ear.items.filter(({ kind }) => kind === "fact")).toHaveLength(601);
  });
});

describe("a job that waits for another", () => {
  const chain = (): Partial<JobRecord>[] => {
    const [parent, child] = [randomUUID(), randomUUID()];
    return [
      { jobId: parent, followers: [child] },
      { jobId: child, parentId: parent, from: {}, input: { data: null } },
    ];
  };
  const catalogWith = (more: Partial<JobType>): Catalog =>
    new Map([
      ["image", { type: "image", options: {}, accepts: ["data"], maxAttempts: 3, ...more }],
    ]);
  const catalog = catalogWith({});

  test("runs once when the recorder died after its parent's outcome was told", async ({
    stage,
  }) => {
    const { redis, keys } = stage;
    const ear = await listen(await stage.node(), audience);
    const { ids } = await submit(stage, chain());
    const [parent, child = ""] = ids;
    const inputs: unknown[] = [];
    await stage.work(async ({ id, data }) => {
      if (id === child) inputs.push(data.input);
      return { text: "said" };
    });
    // What it does for jobs that wait is all that fails.
    const first = stage.recorder({ catalog: brokenCatalog() });
    await vi.waitFor(() => expect(eventsOf(ear.items, parent)).toContain("job-completed"));
    await first.close();
    expect(inputs).toEqual([]);
    await redis.del(keys.place(QUEUE));
    stage.recorder({ catalog });
    await vi.waitFor(() => expect(batchFacts(ear)).toHaveLength(1));
    await readAgain(redis, keys, QUEUE);
    await isCaughtUp(stage);
    expect(inputs).toEqual([{ data: { text: "said" } }]);
    expect(eventsOf(ear.items, child)).toEqual(["job-queued", "job-started", "job-completed"]);
  });

  test("is found by the sweep when the events of its parent are gone", async ({ stage }) => {
    const { redis, keys, queues, records } = stage;
    const ear = await listen(await stage.node(), audience);
    const { ids } = await submit(stage, chain());
    const [parent, child = ""] = ids;
    await stage.work(async () => ({ text: "said" }));
    const recorder = stage.recorder({ catalog: brokenCatalog() });
    await vi.waitFor(() => expect(eventsOf(ear.items, parent)).toContain("job-completed"));
    await isCaughtUp(stage);
    expect(eventsOf(ear.items, child)).toEqual(["job-queued"]);
    const snapshots = createSnapshots({ ...stage, partitions: PARTITIONS });
    const log = silent;
    const followers = createFollowers({ redis, keys, catalog, queues, records, snapshots, log });
    const patience = { unchangedMs: 0, lateMs: 0 };
    const parts = { replicas: ALONE, followers, sign, log };
    const options = { ...stage, ...parts, partitions: PARTITIONS, ...patience };
    await sweep({ ...leaseOf("keeper"), fence: 99 }, options);
    await vi.waitFor(() => expect(batchFacts(ear)).toHaveLength(1));
    expect(eventsOf(ear.items, child)).toEqual(["job-queued", "job-started", "job-completed"]);
    await recorder.close();
  });

  test("fails when its type breaks on what the job before it made", async ({ stage }) => {
    const ear = await listen(await stage.node(), audience);
    const { ids, read } = await submit(stage, chain());
    const [, child = ""] = ids;
    await stage.work(async () => ({ text: "said" }));
    const check = () => {
      throw new TypeError("Broken");
    };
    stage.recorder({ catalog: catalogWith({ check }) });
    await vi.waitFor(() => expect(batchFacts(ear)).toHaveLength(1));
    expect(eventsOf(ear.items, child)).toEqual(["job-queued", "job-failed"]);
    const snapshots = createSnapshots({ ...stage, partitions: PARTITIONS });
    expect((await snapshots.read(audience, child))?.job).toMatchObject({
      status: "failed",
      error: { code: "internal", message: "What the job before it made could not be checked" },
    });
    expect(await read()).toMatchObject({ counts: { completed: 1, failed: 1 } });
  });

  test("goes on waiting out its own delay when its parent's outcome is read again", async ({
    stage,
  }) => {
    const { redis, keys } = stage;
    const [parent = {}, waiting = {}] = chain();
    const { ids } = await submit(stage, [parent, { ...waiting, delayMs: 600_000 }]);
    const [, child = ""] = ids;
    await stage.work(async () => ({}));
    stage.recorder({ catalog });
    const dueAt = async () =>
      Number(await redis.zscore(`${keys.bull(QUEUE)}:${QUEUE}:delayed`, child)) / 0x1000;
    await vi.waitFor(async () => expect(await dueAt()).toBeLessThan(Date.now() + 600_001));
    const due = await dueAt();
    await readAgain(redis, keys, QUEUE);
    await isCaughtUp(stage);
    expect(await dueAt()).toBe(due);
  });

  test("ends once when its parent failed, however often that is read", async ({ stage }) => {
    const { redis, keys } = stage;
    const ear = await listen(await stage.node(), audience);
    const { ids } = await submit(stage, chain());
    const [, child = ""] = ids;
    await stage.work(async () => {
      throw new Error("No luck");
    });
    const recorder = stage.recorder({ catalog });
    await vi.waitFor(() => expect(batchFacts(ear)).toHaveLength(1), 15_000);
    await readAgain(redis, keys, QUEUE);
    await isCaughtUp(stage);
    await recorder.close();
    expect(eventsOf(ear.items, child)).toEqual(["job-queued", "job-cancelled"]);
    expect(batchFacts(ear)).toHaveLength(1);
  });
});

/** Nothing can be found of what a type takes. */
function brokenCatalog() {
  return Object.assign(new Map(), {
    get: () => {
      throw new Error("Broken");
    },
  });
}
