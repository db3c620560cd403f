import { type Job, Worker } from "bullmq";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { LANES } from "../../src/contract/job.ts";
import { queueName } from "../../src/contract/names.ts";
import type { WorkData, WorkResult } from "../../src/contract/worker.ts";
import type { JobType } from "../../src/jobs/catalog.ts";
import { createWorkerRegistry } from "../../src/jobs/worker-registry.ts";
import { sleep } from "../../src/lib/sleep.ts";
import { openRedis } from "../../src/redis/connect.ts";
import type { StartWorkers } from "../../src/roles/process.ts";
import { startPulse } from "../../workers/pulse.ts";

const Data = Type.Object(
  {
    /** Percents to report, `gapMs` apart. */
    steps: Type.Optional(Type.Array(Type.Number())),
    gapMs: Type.Optional(Type.Number()),
    /** Goes on to its end when it is released. */
    hold: Type.Optional(Type.Boolean()),
    text: Type.Optional(Type.String()),
    times: Type.Optional(Type.Number()),
    /** So many runs fail before one succeeds. */
    fails: Type.Optional(Type.Number()),
  },
  { additionalProperties: false },
);
const isData = Compile(Data);

/** A job type that does what its data says, and gives `text` back, `times` over. */
export const ECHO: JobType = {
  type: "echo",
  options: Type.Object({}),
  accepts: ["data"],
  data: Data,
  maxAttempts: 1,
};

/** A job type that nobody works on, for data that no other job can give it. */
export const STRICT: JobType = {
  type: "strict",
  options: Type.Object({}),
  accepts: ["data"],
  data: Type.Object({ number: Type.Number() }, { additionalProperties: false }),
  maxAttempts: 1,
};

/** Where the jobs of type `echo` are worked on, in this process. */
export function createBench() {
  const held = new Map<string, PromiseWithResolvers<void>>();

  function holdOf(jobId: string): PromiseWithResolvers<void> {
    const known = held.get(jobId) ?? Promise.withResolvers<void>();
    held.set(jobId, known);
    return known;
  }

  async function run(job: Job<WorkData>): Promise<WorkResult> {
    const input = "data" in job.data.input ? job.data.input.data : undefined;
    if (!isData.Check(input)) throw new Error("Malformed job data");
    const { steps = [], gapMs = 0, hold = false, text = "", times = 1, fails = 0 } = input;
    const number = job.data.runBase + job.attemptsStarted;
    for (const percent of steps) {
      await job.updateProgress({ run: number, percent, step: null });
      if (gapMs > 0) await sleep(gapMs);
    }
    if (hold) await holdOf(String(job.id)).promise;
    if (number <= fails) throw new Error("Not yet");
    return { text: text.repeat(times) };
  }

  const startWorkers: StartWorkers = async ({ config, target, keys, node, log }) => {
    const connection = openRedis(target, `jobcast-${node}-worker`);
    connection.on("error", (err) => log.debug({ err }, "worker: redis"));
    const workers = LANES.map((lane) => {
      const queue = queueName(ECHO.type, lane);
      const options = {
        connection,
        prefix: keys.bull(queue),
        concurrency: config.WORKER_CONCURRENCY ?? 20,
      };
      const worker = new Worker<WorkData>(queue, run, options);
      worker.on("error", (err) => log.debug({ err }, "worker"));
      return worker;
    });
    const queues = Object.fromEntries(
      workers.map(({ name, concurrency }) => [name, { concurrency, active: 0 }]),
    );
    const registry = createWorkerRegistry({ redis: connection, keys });
    const pulse = await startPulse({ registry, id: node, read: () => queues, log });
    return {
      async close() {
        await pulse.stop();
        for (const { resolve } of held.values()) resolve();
        await Promise.all(workers.map((worker) => worker.close(true)));
        connection.disconnect();
      },
    };
  };

  return { startWorkers, release: (jobId: string) => holdOf(jobId).resolve() };
}
