import { createWriteStream } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { WorkInput } from "../src/contract/worker.ts";
import { WorkerError } from "../src/errors.ts";
import type { Logger } from "../src/lib/logger.ts";
import { presentationOf } from "../src/storage/content-types.ts";
import { fetchUrl } from "../src/storage/fetch-url.ts";
import type { Store } from "../src/storage/store.ts";
import type { WorkContext } from "./define-worker.ts";
import type { Assignment } from "./messages.ts";

export interface ContextOptions {
  assignment: Pick<Assignment, "jobId" | "run" | "tempDir" | "settings">;
  store: Pick<Store, "open" | "withPath" | "put">;
  signal: AbortSignal;
  progress: (percent: number, step: string, text: string | undefined) => void;
  log: Logger;
}

/** What a task has of the world: its input, a place for its files, and a way to say how far it is. */
export function createContext({
  assignment,
  store,
  signal,
  progress,
  log,
}: ContextOptions): WorkContext {
  const { jobId, run, tempDir, settings } = assignment;
  let fetched = 0;

  async function open(input: WorkInput): Promise<Readable> {
    if ("file" in input) return store.open(input.file.key).catch(missing);
    if (!("url" in input)) throw new WorkerError("input_missing", "There is no file to work on");
    const { body } = await fetchUrl(input.url, {
      maxBytes: settings.maxInputBytes,
      timeoutMs: settings.fetchTimeoutMs,
      allowPrivate: settings.allowPrivateUrls,
      signal,
    });
    return body;
  }

  return {
    progress: (percent, step, text) => progress(Number.isFinite(percent) ? percent : 0, step, text),
    open,
    async withPath(input, use) {
      if ("file" in input) return store.withPath(input.file.key, use).catch(missing);
      fetched += 1;
      const path = join(tempDir, `input-${fetched}`);
      progress(0, "fetching the file", undefined);
      await pipeline(await open(input), createWriteStream(path), { signal });
      return use(path);
    },
    async save(name, content, contentType = presentationOf(name).contentType) {
      const { key, bytes } = await store.put(`jobs/${jobId}/${run}/${name}`, content, { signal });
      return { key, name, contentType, bytes };
    },
    tempDir,
    signal,
    engines: settings.engines,
    log,
  };
}

function missing(thrown: unknown): never {
  if (thrown instanceof Error && "code" in thrown && thrown.code === "not_found") {
    throw new WorkerError("input_missing", "The file to work on is gone", { cause: thrown });
  }
  throw thrown;
}
