import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pino } from "pino";
import type { ImageOptions } from "../../src/contract/job-types/image.ts";
import type { WorkResult } from "../../src/contract/worker.ts";
import { createDiskStore } from "../../src/storage/disk-store.ts";
import { createContext } from "../../workers/child-context.ts";
import { processImage } from "../../workers/image/process-image.ts";

export interface ImageRun {
  result: WorkResult;
  /** By name. */
  files: Map<string, Buffer>;
  /** In the order they were told. */
  progress: [percent: number, step: string][];
}

/** Works on a picture in this process, with a store in a folder. */
export async function runImage(
  folder: string,
  content: Buffer,
  options: ImageOptions = {},
): Promise<ImageRun> {
  const store = createDiskStore({ root: join(folder, "files") });
  const { key, bytes } = await store.put("uploads/1/photo.jpg", content);
  const input = { file: { key, name: "photo.jpg", contentType: "image/jpeg", bytes } };
  const progress: ImageRun["progress"] = [];
  const context = createContext({
    assignment: {
      jobId: "1",
      run: 1,
      tempDir: folder,
      settings: {
        maxInputBytes: 1_000_000,
        fetchTimeoutMs: 1000,
        allowPrivateUrls: false,
        logLevel: "silent",
        engines: {},
      },
    },
    store,
    signal: new AbortController().signal,
    progress: (percent, step) => progress.push([percent, step]),
    log: pino({ level: "silent" }),
  });
  const result = await processImage({ jobId: "1", run: 1, input, options }, context);
  const files = new Map<string, Buffer>();
  for (const file of result.files ?? [])
    files.set(file.name, await buffer(await store.open(file.key)));
  return { result, files, progress };
}
