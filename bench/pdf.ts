import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { PDFiumLibrary } from "@hyzyla/pdfium";
import { pino } from "pino";
import sharp from "sharp";
import type { FileRef } from "../src/contract/worker.ts";
import { openQueues } from "../src/jobs/queues.ts";
import { openRedis, openStrictRedis } from "../src/redis/connect.ts";
import { createKeys } from "../src/redis/keys.ts";
import { createDiskStore } from "../src/storage/disk-store.ts";
import { record } from "../test/support/jobs.ts";
import { pdf } from "../test/support/pdfs.ts";
import { startRedisServer } from "../test/support/redis-server.ts";
import { startWorker } from "../test/support/start-worker.ts";
import { loadTasks } from "../workers/catalog.ts";

/**
 * What queue, child process, checks and flushed files cost on top of PDFium: text and pictures of the same documents both ways, one at a time, in
 * rounds that take turns. `node bench/pdf.ts`
 */
const DOCUMENTS = 20;
const PAGES = 10;
const ROUNDS = 5;
const task = (await loadTasks()).find((candidate) => candidate.task.type === "pdf");
if (task === undefined) throw new Error("There is no task for PDFs");

const folder = await mkdtemp(join(tmpdir(), "jobcast-bench-"));
const server = await startRedisServer();
const keys = createKeys("bench");
const redis = openRedis(server.url, "bench");
const strict = openStrictRedis(server.url, "bench-queue");
await once(strict, "ready");
const queues = openQueues({ redis: strict, keys, retentionDays: 1, log: pino({ level: "warn" }) });
const worker = await startWorker({ ...task, redisUrl: server.url, prefix: "bench", folder });
const wasm = createRequire(import.meta.url).resolve("@hyzyla/pdfium/pdfium.wasm");
const library = await PDFiumLibrary.init({
  wasmBinary: new Uint8Array(await readFile(wasm)).buffer,
});
sharp.cache(false);
sharp.concurrency(2);
let submitted = 0;
try {
  const store = createDiskStore({ root: join(folder, "files") });
  const content = await pdf(PAGES, { text: "Some words to be read. ".repeat(120) });
  const { key, bytes } = await store.put("uploads/1/report.pdf", content);
  const file = { key, name: "report.pdf", contentType: "application/pdf", bytes };
  await directly(content, 1);
  await throughQueue(file, 1);

  const rounds: { direct: number; queued: number }[] = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    const direct = await measure(() => directly(content, DOCUMENTS));
    const queued = await measure(() => throughQueue(file, DOCUMENTS));
    rounds.push({ direct, queued });
    console.log(
      `round ${i + 1}: ${direct.toFixed(0)} ms, ${queued.toFixed(0)} ms, ratio ${(queued / direct).toFixed(2)}`,
    );
  }
  const ratio = median(rounds.map(({ direct, queued }) => queued / direct));
  console.log(
    `${DOCUMENTS} PDFs of ${PAGES} pages, text and pictures: median ratio ${ratio.toFixed(2)}`,
  );
} finally {
  await worker.close(0);
  await queues.close();
  redis.disconnect();
  strict.disconnect();
  await server.stop();
  await rm(folder, { recursive: true });
}

/** As a program would that does nothing else: the same text, and pictures of the same size and effort, in files. */
async function directly(content: Buffer, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const target = join(folder, "direct", `${i}`);
    await mkdir(target, { recursive: true });
    const document = await library.loadDocument(content);
    const texts: string[] = [];
    for (const page of document.pages()) {
      texts.push(page.getText());
      const { originalWidth, originalHeight } = page.getOriginalSize();
      const scale = Math.min(2, 1600 / Math.max(originalWidth, originalHeight));
      const { data, width, height } = await page.render({ scale, render: "bitmap" });
      await sharp(data, { raw: { width, height, channels: 4 } })
        .removeAlpha()
        .webp({ effort: 2 })
        .toFile(join(target, `page-${page.number}.webp`));
    }
    document.destroy();
    await writeFile(join(target, "text.txt"), texts.join("\n"));
    await writeFile(join(target, "pages.json"), JSON.stringify(texts));
  }
}

/** From the first submit to the last outcome; the child is warm, as the library is. */
async function throughQueue(file: FileRef, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    submitted += 1;
    const options = { operation: "extract" };
    const job = record({ jobId: `job-${submitted}`, type: "pdf", input: { file }, options });
    await queues.add(job, { runBase: 0, retries: 0 });
  }
  const queue = `${keys.bull("pdf.normal")}:pdf.normal`;
  while ((await redis.zcard(`${queue}:completed`)) < submitted) {
    if ((await redis.zcard(`${queue}:failed`)) > 0) throw new Error("A job failed");
    await delay(5);
  }
}

async function measure(work: () => Promise<void>): Promise<number> {
  const since = performance.now();
  await work();
  return performance.now() - since;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
