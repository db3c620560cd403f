import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { pino } from "pino";
import type { FileRef } from "../src/contract/worker.ts";
import { openQueues } from "../src/jobs/queues.ts";
import { openRedis, openStrictRedis } from "../src/redis/connect.ts";
import { createKeys } from "../src/redis/keys.ts";
import { createDiskStore } from "../src/storage/disk-store.ts";
import { record } from "../test/support/jobs.ts";
import { startRedisServer } from "../test/support/redis-server.ts";
import { join16k, SENTENCES, speak } from "../test/support/speech.ts";
import { startWorker } from "../test/support/start-worker.ts";
import { loadTasks } from "../workers/catalog.ts";

/**
 * What queue, child process, decoding, checks and files cost on top of pocketsphinx: the same speech both ways, in turn, so that what else
 * the machine does falls on both. `node bench/transcription.ts [minutes] [rounds]`
 */
const [minutes = 10, rounds = 2] = process.argv.slice(2).map(Number);
const transcription = (await loadTasks()).find(({ task }) => task.type === "transcription");
if (transcription === undefined) throw new Error("There is no task for transcriptions");
const run = promisify(execFile);

const folder = await mkdtemp(join(tmpdir(), "jobcast-bench-"));
const server = await startRedisServer();
const keys = createKeys("bench");
const redis = openRedis(server.url, "bench");
const strict = openStrictRedis(server.url, "bench-queue");
const log = pino({ level: "warn" });
const queues = openQueues({ redis: strict, keys, retentionDays: 1, log });
await new Promise((resolve) => strict.once("ready", resolve));
const worker = await startWorker({
  ...transcription,
  redisUrl: server.url,
  prefix: "bench",
  folder,
});
try {
  const speech = await makeSpeech();
  const wav = join(folder, "speech.wav");
  await writeFile(wav, speech);
  const store = createDiskStore({ root: join(folder, "files") });
  const { key, bytes } = await store.put("uploads/1/speech.wav", speech);
  const file = { key, name: "speech.wav", contentType: "audio/wav", bytes };

  const times = { direct: 0, queued: 0 };
  for (let round = 1; round <= rounds; round += 1) {
    times.direct += await measure(() => directly(wav));
    times.queued += await measure(() => throughQueue(file, round));
  }
  const row = (ms: number) => ({ s: (ms / rounds / 1000).toFixed(1) });
  console.log(`${minutes} minutes of speech, mean of ${rounds}`);
  console.table({ "pocketsphinx alone": row(times.direct), "queue and child": row(times.queued) });
  console.log(`ratio ${(times.queued / times.direct).toFixed(3)}`);
} finally {
  await worker.close(0);
  await queues.close();
  redis.disconnect();
  strict.disconnect();
  await server.stop();
  await rm(folder, { recursive: true });
}

async function makeSpeech(): Promise<Buffer> {
  const once = await speak(SENTENCES.join(" "));
  const times = Math.ceil((minutes * 60 * 32_000) / once.length);
  return join16k(...Array.from({ length: times }, () => once));
}

async function directly(wav: string): Promise<void> {
  const options = { maxBuffer: 100 * 1024 ** 2 };
  await run("pocketsphinx_continuous", ["-infile", wav, "-time", "yes"], options);
}

/** From the submit to the outcome. */
async function throughQueue(file: FileRef, round: number): Promise<void> {
  const job = record({ jobId: `job-${round}`, type: "transcription", input: { file } });
  await queues.add(job, { runBase: 0, retries: 0 });
  const prefix = `${keys.bull("transcription.normal")}:transcription.normal`;
  while ((await redis.zcard(`${prefix}:completed`)) < round) {
    if ((await redis.zcard(`${prefix}:failed`)) > 0) throw new Error("The job failed");
    await delay(5);
  }
}

async function measure(work: () => Promise<void>): Promise<number> {
  const since = performance.now();
  await work();
  return performance.now() - since;
}
