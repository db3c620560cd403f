import type { Readable } from "node:stream";
import { JobcastError } from "../../errors.ts";
import type { UploadLock } from "./upload-lock.ts";

export interface ReceiveOptions {
  lock: Pick<UploadLock, "tick">;
  /** Of the upload that are still missing. */
  maxBytes: number;
  /** Ends it with its reason, at once. */
  signal: AbortSignal;
}

/** What a client sends, for as long as it is wanted. Leaves the stream open, so that the client can be told why it was not read to its end. */
export async function* received(
  content: Readable,
  { lock, maxBytes, signal }: ReceiveOptions,
): AsyncGenerator<Uint8Array> {
  // Not `for await`, which would destroy the stream when it is left early.
  const chunks = content.iterator();
  let stop: (reason: unknown) => void = () => undefined;
  const onAbort = () => stop(signal.reason);
  signal.addEventListener("abort", onAbort);
  let bytes = 0;
  try {
    for (;;) {
      signal.throwIfAborted();
      // Not Promise.race with one promise for the whole upload, which would keep every chunk.
      const { done, value } = await new Promise<IteratorResult<Buffer>>((resolve, reject) => {
        stop = reject;
        chunks.next().then(resolve, (cause: unknown) => reject(brokenOff(cause)));
      });
      if (done === true) return;
      lock.tick();
      bytes += value.length;
      if (bytes > maxBytes)
        throw new JobcastError("too_large", "More was sent than the upload was to have");
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

const brokenOff = (cause: unknown): JobcastError =>
  new JobcastError("invalid", "The connection broke off", { cause });
