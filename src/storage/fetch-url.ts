import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream";
import { WorkerError } from "../errors.ts";
import { checkUrl } from "./address-guard.ts";
import { ByteLimit } from "./byte-limit.ts";
import { type Network, internet, request } from "./guarded-request.ts";
import { nameOfAnswer } from "./answer-name.ts";

export interface FetchOptions {
  maxBytes: number;
  /** From the first look-up to the last byte, ms. */
  timeoutMs: number;
  /** How long nothing may arrive, ms; 30,000. */
  stallMs?: number;
  /** Lets private and loopback addresses through: for development. */
  allowPrivate: boolean;
  signal?: AbortSignal;
  /** How names are looked up and which addresses are connected to; replaced by tests. */
  network?: Network;
}

export interface Fetched {
  body: Readable;
  /** A bare file name, from the headers or the address. */
  name: string;
  contentType: string;
  /** As announced; absent when it was not. */
  bytes: number | undefined;
}

const MAX_REDIRECTS = 5;
const REDIRECTS: readonly (number | undefined)[] = [301, 302, 303, 307, 308];

/**
 * Fetches a file from an address that somebody else chose. Each hop is checked anew, and the connection goes to the very address that was
 * checked, so that a name which answers differently the next time gains nothing.
 *
 * Fails, or its body does, with a `WorkerError`: `input_missing`, `input_too_large`, `timeout`, or `internal` for what may pass by itself.
 */
export async function fetchUrl(text: string, options: FetchOptions): Promise<Fetched> {
  const { maxBytes, timeoutMs, signal } = options;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(tooSlow()), timeoutMs);
  const either = AbortSignal.any([deadline.signal, ...(signal === undefined ? [] : [signal])]);
  try {
    const { answer, url } = await follow(text, { ...options, signal: either });
    const bytes = announcedBytes(answer);
    if (bytes !== undefined && bytes > maxBytes) {
      answer.destroy();
      throw tooLarge();
    }
    return {
      body: toBody(answer, { maxBytes, signal: either, onEnd: () => clearTimeout(timer) }),
      bytes,
      ...nameOfAnswer(answer, url),
    };
  } catch (thrown) {
    clearTimeout(timer);
    // Whatever was under way ends with an error of its own when the signal fires; the reason is what counts.
    throw either.aborted ? either.reason : thrown;
  }
}

/** The first answer that is no redirect. */
async function follow(
  text: string,
  {
    allowPrivate,
    stallMs = 30_000,
    signal,
    network = internet,
  }: FetchOptions & { signal: AbortSignal },
): Promise<{ answer: IncomingMessage; url: URL }> {
  let url = parse(text);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const answer = await request(url, { allowPrivate, stallMs, signal, network });
    const { location } = answer.headers;
    if (!REDIRECTS.includes(answer.statusCode) || location === undefined)
      return { answer: checkStatus(answer), url };
    answer.destroy();
    url = parse(URL.parse(location, url.href)?.href ?? "");
  }
  throw new WorkerError("input_missing", "The address redirects too often");
}

/** Literal addresses are left to the guard of the request, which sees all addresses. */
function parse(text: string): URL {
  try {
    return checkUrl(text, { allowPrivate: true });
  } catch (cause) {
    throw new WorkerError("input_missing", "The address cannot be fetched", { cause });
  }
}

function checkStatus(answer: IncomingMessage): IncomingMessage {
  const status = answer.statusCode ?? 0;
  if (status === 200) return answer;
  answer.destroy();
  const isPassing = status >= 500 || status === 408 || status === 429;
  throw new WorkerError(
    isPassing ? "internal" : "input_missing",
    `The address answered with status ${status}`,
  );
}

function announcedBytes({ headers }: IncomingMessage): number | undefined {
  const bytes = Number(headers["content-length"] ?? Number.NaN);
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined;
}

function toBody(
  answer: IncomingMessage,
  { maxBytes, signal, onEnd }: { maxBytes: number; signal: AbortSignal; onEnd: () => void },
): Readable {
  const limit = new ByteLimit(maxBytes, tooLarge);
  const stop = () => limit.destroy(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  answer.on("error", (cause) => {
    limit.destroy(
      cause instanceof WorkerError
        ? cause
        : new WorkerError("internal", "The connection to the address broke", { cause }),
    );
  });
  return pipeline(answer, limit, () => {
    signal.removeEventListener("abort", stop);
    onEnd();
  });
}

const tooLarge = (): WorkerError =>
  new WorkerError("input_too_large", "The file at the address is too large");
const tooSlow = (): WorkerError =>
  new WorkerError("timeout", "The address took too long to answer");
