import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pino } from "pino";
import Value from "typebox/value";
import { expect, vi } from "vitest";
import { queueName } from "../../src/contract/names.ts";
import { WorkFailure, WorkProgress } from "../../src/contract/worker.ts";
import { openQueues } from "../../src/jobs/queues.ts";
import type { JobRecord } from "../../src/jobs/record.ts";
import { createRecords } from "../../src/jobs/records.ts";
import { timeOfStreamId } from "../../src/lib/stream-id.ts";
import { openStrictRedis } from "../../src/redis/connect.ts";
import { createKeys } from "../../src/redis/keys.ts";
import { createDiskStore } from "../../src/storage/disk-store.ts";
import type { LaneWorker } from "../../workers/run-worker.ts";
import { record } from "./jobs.ts";
import { test as base } from "./redis.ts";
import { startWorker, type WorkerSetup } from "./start-worker.ts";

/** Long enough for two attempts with the pause between them. */
const WAIT = { timeout: 60_000, interval: 20 };

/** An entry of a queue's event stream. */
export type Told = Record<string, string> & { event: string };

/** How a job ended, and what was told on the way. */
export interface Outcome {
  result?: Record<string, unknown>;
  failure?: WorkFailure;
  progress: WorkProgress[];
  events: Told[];
}

export type Wanted = Partial<Pick<JobRecord, "type" | "input" | "options" | "maxAttempts">> & {
  retries?: number;
};

/** For a failure that is the same each time, where trying again is not the subject. */
export const ONCE = { maxAttempts: 1 };

/** Jobs on a real Redis and a real disk. */
export const test = base
  .extend("folder", async ({}, { onCleanup }) => {
    const folder = await mkdtemp(join(tmpdir(), "jobcast-test-"));
    onCleanup(() => rm(folder, { recursive: true, force: true }));
    return folder;
  })
  .extend("store", ({ folder }) => createDiskStore({ root: join(folder, "files") }))
  /** Starts a worker that is closed with the test. */
  .extend("start", async ({ redisUrl, prefix, folder }, { onCleanup }) => {
    const workers: LaneWorker[] = [];
    onCleanup(async () => {
      await Promise.all(workers.map((worker) => worker.close(0)));
    });
    return async (setup: Partial<WorkerSetup> = {}): Promise<LaneWorker> => {
      const worker = await startWorker({ redisUrl, prefix, folder, ...setup });
      workers.push(worker);
      return worker;
    };
  })
  .extend("line", async ({ redis, redisUrl, prefix, folder }, { onCleanup }) => {
    const keys = createKeys(prefix);
    const strict = openStrictRedis(redisUrl, "line-test", 3000);
    const log = pino({ level: "silent" });
    const records = createRecords({ redis, keys });
    const queues = openQueues({ redis: strict, keys, retentionDays: 1, log });
    onCleanup(async () => {
      await queues.close();
      strict.disconnect();
    });

    async function told(jobId: string, type = "probe"): Promise<Told[]> {
      const entries = await redis.xrange(keys.events(queueName(type, "normal")), "-", "+");
      return (
        entries
          .map(([id, fields]) => toTold(id, fields))
          // What BullMQ says beside an outcome is of no interest.
          .filter((entry) => entry["jobId"] === jobId && entry.event !== "retries-exhausted")
      );
    }

    async function add({ retries = 0, ...wanted }: Wanted): Promise<string> {
      const jobId = randomUUID();
      const added = record({ ...wanted, jobId });
      await vi.waitFor(() => expect(strict.status).toBe("ready"));
      await records.write(added);
      await queues.add(added, { runBase: 0, retries });
      return jobId;
    }

    return {
      keys,
      told,
      add,
      /** Puts a job for the probe in line. */
      submit: (act: string, { options, ...wanted }: Wanted = {}) =>
        add({ type: "probe", options: { act, ...options }, ...wanted }),
      cancel: (jobId: string) => records.askCancel(jobId),
      async outcome(jobId: string, type = "probe"): Promise<Outcome> {
        const events = await vi.waitFor(async () => {
          const all = await told(jobId, type);
          expect(all.at(-1)?.event).toMatch(/^(completed|failed)$/);
          return all;
        }, WAIT);
        return toOutcome(events);
      },
      /** Every file in the store and among the temporary ones. */
      async files(): Promise<string[]> {
        const entries = await readdir(folder, { recursive: true, withFileTypes: true });
        return entries
          .filter((entry) => entry.isFile() && entry.name !== "lock")
          .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
      },
    };
  });

function toTold(id: string, fields: string[]): Told {
  const told: Told = { event: "", at: `${timeOfStreamId(id)}` };
  for (let i = 0; i < fields.length; i += 2) told[fields[i] ?? ""] = fields[i + 1] ?? "";
  return told;
}

/** Everything that a worker said is checked against the contract. */
function toOutcome(events: Told[]): Outcome {
  const last = events.at(-1);
  const progress = events
    .filter(({ event }) => event === "progress")
    .map(({ data = "" }) => Value.Parse(WorkProgress, JSON.parse(data)));
  if (last?.event === "completed")
    return { result: JSON.parse(last["returnvalue"] ?? ""), progress, events };
  const failure = Value.Parse(WorkFailure, JSON.parse(last?.["failedReason"] ?? ""));
  return { failure, progress, events };
}
