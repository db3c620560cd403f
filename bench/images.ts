import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import sharp from "sharp";
import type { FileRef } from "../src/contract/worker.ts";
import { openQueues } from "../src/jobs/queues.ts";
import { openRedis, openStrictRedis } from "../src/redis/connect.ts";
import { createKeys } from "../src/redis/keys.ts";
import { createDiskStore } from "../src/storage/disk-store.ts";
import { record } from "../test/support/jobs.ts";
import { noise } from "../test/support/images.ts";
import { startRedisServer } from "../test/support/redis-server.ts";
import { startWorker } from "../test/support/start-worker.ts";
import { loadTasks } from "../workers/catalog.ts";

/**
 * What queue, child process, checks and flushed files cost on top of sharp: the same photographs and variants both ways, one at a time.
 * `node bench/images.ts`
 */
const PHOTOS = 20;
const image = (await loadTasks()).find(({ task }) => task.type === "image");
if (image === undefined) throw new Error("There is no task for images");

const folder = await mkdtemp(join(tmpdir(), "jobcast-bench-"));
const server = await startRedisServer();
try {
  const store = createDiskStore({ root: join(folder, "files") });
  const photo = await noise(4000, 3000);
  const { key, bytes } = await store.put("uploads/1/photo.jpg", photo);
  const file = { key, name: "photo.jpg", contentType: "image/jpeg", bytes };

  const direct = await store.withPath(key, (path) => measure(() => directly(path)));
  const queued = await throughQueue(file);
  const row = (ms: number) => ({
    "s for 20": (ms / 1000).toFixed(2),
    "ms each": (ms / PHOTOS).toFixed(0),
  });
  console.log(`${PHOTOS} JPEGs of 12 MP, ${(bytes / 1e6).toFixed(1)} MB; three variants each`);
  console.table({ "sharp alone": row(direct), "queue and child": row(queued) });
  console.log(`ratio ${(queued / direct).toFixed(2)}`);
} finally {
  await server.stop();
  await rm(folder, { recursive: true });
}

async function directly(path: string): Promise<void> {
  for (let i = 0; i < PHOTOS; i += 1) {
    const read = () => sharp(path).autoOrient();
    const target = (name: string) => join(folder, `${i}-${name}`);
    await read().resize(320, 320, { fit: "inside" }).webp().toFile(target("preview.webp"));
    await read().resize(1280, 1280, { fit: "inside" }).webp().toFile(target("display.webp"));
    await read().resize(2048, 2048, { fit: "inside" }).jpeg().toFile(target("large.jpg"));
  }
}

/** From the first submit to the last outcome; the child is warm, as `sharp` is. */
async function throughQueue(file: FileRef): Promise<number> {
  const keys = createKeys("bench");
  const redis = openRedis(server.url, "bench");
  const strict = openStrictRedis(server.url, "bench-queue");
  const log = pino({ level: "warn" });
  const queues = openQueues({ redis: strict, keys, retentionDays: 1, log });
  await new Promise((resolve) => strict.once("ready", resolve));
  const worker = await startWorker({ ...image, redisUrl: server.url, prefix: "bench", folder });
  let submitted = 0;
  const run = async (count: number) => {
    for (let i = 0; i < count; i += 1) {
      submitted += 1;
      const job = record({ jobId: `job-${submitted}`, input: { file } });
      await queues.add(job, { runBase: 0, retries: 0 });
    }
    const completed = `${keys.bull("image.normal")}:image.normal:completed`;
    while ((await redis.zcard(completed)) < submitted) await delay(5);
  };
  await run(1);
  const ms = await measure(() => run(PHOTOS));
  await worker.close(0);
  await queues.close();
  redis.disconnect();
  strict.disconnect();
  return ms;
}

async function measure(work: () => Promise<void>): Promise<number> {
  const since = performance.now();
  await work();
  return performance.now() - since;
}
