import { WorkerError } from "../../src/errors.ts";
import type { Logger } from "../../src/lib/logger.ts";
import { sleep } from "../../src/lib/sleep.ts";
import type { Endpoint } from "../engines.ts";
import { call, ServiceError } from "../openai/call.ts";
import { type Heard, readAnswer } from "./openai-answer.ts";

export interface ChunkRequest {
  wav: Buffer;
  language: string | undefined;
  signal: AbortSignal;
  log: Logger;
  /** What was heard so far, where the service tells while it listens. */
  onText: (text: string) => void;
}

/** Asks for a chunk at a time, in the best way that the service knows. */
export interface ChunkAsker {
  ask(request: ChunkRequest): Promise<Heard>;
}

/** From the best to what every service knows: times, text while it grows, text. */
const WAYS: Record<string, string>[] = [
  { response_format: "verbose_json", "timestamp_granularities[]": "segment" },
  { response_format: "json", stream: "true" },
  { response_format: "text" },
];
const ATTEMPTS = 6;
const PAUSE_MS = 500;
/** A service that wants to rest longer is given up: the job comes again later. */
const MAX_PAUSE_MS = 60_000;
const TIMEOUT_MS = 180_000;

/** A chunk is asked for again by itself when the service is overloaded, broken or gone for a while. */
export function createChunkAsker(endpoint: Endpoint): ChunkAsker {
  let way = 0;

  async function askOnce(request: ChunkRequest): Promise<Heard> {
    for (;;) {
      const tried = way;
      try {
        return await call({
          endpoint,
          path: "audio/transcriptions",
          body: toForm(request, endpoint.model, WAYS[tried] ?? {}),
          signal: request.signal,
          timeoutMs: TIMEOUT_MS,
          read: (answer) => readAnswer(answer, request.onText),
        });
      } catch (thrown) {
        const isUnknownWay = thrown instanceof ServiceError && UNKNOWN_WAY.has(thrown.status ?? 0);
        if (!isUnknownWay || tried + 1 >= WAYS.length) throw thrown;
        // Remembered for the chunks that follow; another may have gone on already.
        way = Math.max(way, tried + 1);
      }
    }
  }

  return {
    async ask(request) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await askOnce(request);
        } catch (thrown) {
          if (!(thrown instanceof ServiceError)) throw thrown;
          request.log.warn({ status: thrown.status, code: thrown.code, attempt }, thrown.message);
          const pauseMs = thrown.retryAfterMs ?? PAUSE_MS * 2 ** (attempt - 1);
          if (!thrown.isPassing || attempt === ATTEMPTS || pauseMs > MAX_PAUSE_MS)
            throw toWorkerError(thrown);
          await sleep(pauseMs, request.signal);
          request.signal.throwIfAborted();
        }
      }
    },
  };
}

/** Also what a service says to sound that it cannot read, which the last way shows. */
const UNKNOWN_WAY = new Set([400, 422]);

function toForm(
  { wav, language }: ChunkRequest,
  model: string | undefined,
  way: Record<string, string>,
): FormData {
  const form = new FormData();
  form.set("file", new Blob([Uint8Array.from(wav)], { type: "audio/wav" }), "chunk.wav");
  if (model !== undefined) form.set("model", model);
  if (language !== undefined) form.set("language", language);
  for (const [name, value] of Object.entries(way)) form.set(name, value);
  return form;
}

function toWorkerError(cause: ServiceError): WorkerError {
  if (UNKNOWN_WAY.has(cause.status ?? 0) || cause.status === 415)
    return new WorkerError(
      "input_unsupported",
      "The transcription service does not accept this recording or its language",
      { cause },
    );
  return new WorkerError("engine_unavailable", "The transcription service cannot be used now", {
    cause,
  });
}
