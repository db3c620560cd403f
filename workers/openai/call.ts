import type { Endpoint } from "../engines.ts";
import { toRetryMs } from "./retry-after.ts";

/** What a service answered in place of what it was asked for. Holds neither key nor address: it may be logged. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  /** `undefined`: there was no answer, or only part of one. */
  readonly status: number | undefined;
  /** When the service wants to be asked again. */
  readonly retryAfterMs: number | undefined;
  /** The code in its answer, such as `insufficient_quota`. */
  readonly code: string | undefined;

  constructor(
    message: string,
    { status, retryAfterMs, code, ...options }: ServiceErrorOptions = {},
  ) {
    super(message, options);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.code = code;
  }

  /** Whether the same call may succeed later. Money that is used up does not come back by waiting. */
  get isPassing(): boolean {
    if (this.code === "insufficient_quota") return false;
    return this.status === undefined || PASSING.has(this.status) || this.status >= 500;
  }
}

interface ServiceErrorOptions extends ErrorOptions {
  status?: number | undefined;
  retryAfterMs?: number | undefined;
  code?: string | undefined;
}

const PASSING = new Set([408, 409, 425, 429]);
const MAX_ANSWER_BYTES = 20 * 1024 ** 2;

export interface Call<T> {
  endpoint: Endpoint;
  /** Below the address of the endpoint, such as `audio/transcriptions`. */
  path: string;
  body: FormData | string;
  signal: AbortSignal;
  timeoutMs: number;
  /** Of an answer that is good. What it throws because the connection broke becomes a `ServiceError`. */
  read: (answer: Response) => Promise<T>;
}

/** Asks a service once. Fails with a `ServiceError`, or as `signal` does. */
export async function call<T>({
  endpoint,
  path,
  body,
  signal,
  timeoutMs,
  read,
}: Call<T>): Promise<T> {
  const headers = new Headers();
  if (endpoint.apiKey !== undefined) headers.set("authorization", `Bearer ${endpoint.apiKey}`);
  if (typeof body === "string") headers.set("content-type", "application/json");
  try {
    const answer = await fetch(toAddress(endpoint.url, path), {
      method: "POST",
      headers,
      body,
      // What is redirected would leave with the key.
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    if (!answer.ok) throw await toError(answer);
    return await read(answer);
  } catch (thrown) {
    signal.throwIfAborted();
    if (thrown instanceof ServiceError) throw thrown;
    throw new ServiceError("The service did not answer, or not to the end", { cause: thrown });
  }
}

/** Takes the address of the endpoint itself as well. */
function toAddress(base: string, path: string): URL {
  const url = new URL(base);
  const folder = url.pathname.replace(/\/+$/, "");
  if (!folder.endsWith(`/${path}`)) url.pathname = `${folder}/${path}`;
  return url;
}

async function toError(answer: Response): Promise<ServiceError> {
  const retryAfterMs = toRetryMs(answer.headers.get("retry-after"), Date.now());
  const text = await readText(answer).catch(() => "");
  return new ServiceError(`The service answered ${answer.status}`, {
    status: answer.status,
    retryAfterMs,
    code: /"code"\s*:\s*"([a-z_]{1,64})"/.exec(text)?.[1],
  });
}

/** The whole of an answer, unless it is too large to be one. */
export async function readText(answer: Response): Promise<string> {
  let text = "";
  for await (const part of toParts(answer)) {
    text += part;
    if (text.length > MAX_ANSWER_BYTES) throw new ServiceError("The answer is too large");
  }
  return text;
}

/** The text of an answer as it comes. */
export async function* toParts(answer: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  if (answer.body === null) return;
  for await (const bytes of answer.body) yield decoder.decode(bytes, { stream: true });
  yield decoder.decode();
}
