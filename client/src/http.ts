import { type Answer, bad, good } from "./answer.ts";
import { backoff, pause } from "./pause.ts";
import type { Tokens } from "./token.ts";

export interface Call {
  method?: string;
  /** Sent as JSON, unless it is one of the bodies that `fetch` takes. */
  body?: object;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Whether the same call may be made again when nobody knows what became of it. */
  isRepeatable?: boolean;
}

/** Calls of the gateway's HTTP interface, with a token. Never fails: what goes wrong is in the answer. */
export interface Http {
  json<Value>(path: string, call?: Call): Promise<Answer<Value>>;
  /** The response itself; its status is a good one. */
  ask(path: string, call?: Call): Promise<Answer<Response>>;
  /** A piece of an upload, once; resolves to the `Upload-Offset` that it leaves. */
  send(path: string, piece: Piece): Promise<Answer<string | null>>;
}

export interface Piece {
  method: string;
  headers: Record<string, string>;
  body: Blob;
  signal: AbortSignal;
  /** Bytes that have left so far. */
  onProgress: (bytes: number) => void;
}

/** What passes by itself is tried so often in all. */
const TRIES = 4;
/** Whoever is told to come back later than this is told the error instead, s. */
const MOST_PATIENCE_S = 10;

export function createHttp(url: string, tokens: Tokens): Http {
  async function once(path: string, call: Call, token: string): Promise<Answer<Response>> {
    const { method = "GET", body, headers, signal } = call;
    const isJson = body !== undefined && !(body instanceof Blob || body instanceof FormData);
    try {
      const response = await fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(isJson ? { "content-type": "application/json" } : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : (body as BodyInit) }),
        ...(signal === undefined ? {} : { signal }),
      });
      return response.ok ? good(response) : await toError(response);
    } catch (thrown) {
      if (signal?.aborted === true) return bad("aborted", "Given up");
      return bad("offline", messageOf(thrown), { retryable: true });
    }
  }

  async function ask(path: string, call: Call = {}): Promise<Answer<Response>> {
    const { signal = new AbortController().signal, method = "GET" } = call;
    const { isRepeatable = method === "GET" } = call;
    let isFresh = false;
    for (let tries = 1; ; tries += 1) {
      const token = await tokenFrom(tokens.get);
      if (!token.ok) return token;
      const answer = await once(path, call, token.value);
      if (answer.ok || signal.aborted) return answer;
      const { error } = answer;
      if (error.status === 401 && tokens.isRenewable && !isFresh) {
        isFresh = true;
        const renewed = await tokenFrom(tokens.renew);
        if (!renewed.ok) return renewed;
        continue;
      }
      // Refused before anything was done, or free to be done twice.
      const mayRepeat = error.retryable && (isRepeatable || error.status === 429);
      const { afterS = 0 } = error as Refusal["error"];
      if (!mayRepeat || tries >= TRIES || afterS > MOST_PATIENCE_S) return answer;
      await pause(afterS > 0 ? afterS * 1000 * (1 + Math.random() / 4) : backoff(tries), signal);
      if (signal.aborted) return bad("aborted", "Given up");
    }
  }

  return {
    ask,
    async send(path, { onProgress, ...call }) {
      const token = await tokenFrom(tokens.get);
      if (!token.ok) return token;
      // `fetch` does not say how far a body has come; outside of pages there is nothing else.
      if (typeof XMLHttpRequest === "undefined") {
        const answer = await once(path, call, token.value);
        return answer.ok ? good(answer.value.headers.get("upload-offset")) : answer;
      }
      return await sendVisibly(url + path, { ...call, token: token.value, onProgress });
    },
    async json<Value>(path: string, call?: Call) {
      const answer = await ask(path, call);
      if (!answer.ok) return answer;
      try {
        const value: Value = answer.value.status === 204 ? undefined : await answer.value.json();
        return good(value);
      } catch (thrown) {
        // Cut off in mid-answer; what was asked for may well be done.
        return bad("offline", messageOf(thrown), { retryable: true });
      }
    },
  };
}

function sendVisibly(
  address: string,
  { method, headers, body, signal, token, onProgress }: Piece & { token: string },
): Promise<Answer<string | null>> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const abort = (): void => request.abort();
    request.open(method, address);
    for (const [name, value] of Object.entries({ ...headers, authorization: `Bearer ${token}` }))
      request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded }) => onProgress(loaded));
    request.addEventListener("load", () => {
      const { status } = request;
      const headersOf = { get: (name: string) => request.getResponseHeader(name) };
      const json = async (): Promise<unknown> => JSON.parse(request.responseText);
      if (status < 300) resolve(good(headersOf.get("upload-offset")));
      else
        void toError({ status, statusText: request.statusText, headers: headersOf, json }).then(
          resolve,
        );
    });
    request.addEventListener("error", () =>
      resolve(bad("offline", "The upload was cut off", { retryable: true })),
    );
    request.addEventListener("abort", () => resolve(bad("aborted", "Given up")));
    request.addEventListener("loadend", () => signal.removeEventListener("abort", abort));
    signal.addEventListener("abort", abort);
    request.send(body);
  });
}

async function tokenFrom(fetchToken: () => Promise<string>): Promise<Answer<string>> {
  try {
    return good(await fetchToken());
  } catch (thrown) {
    return bad("no_token", messageOf(thrown), { retryable: true });
  }
}

interface Refusal {
  ok: false;
  error: { code: string; message: string; retryable: boolean; status: number; afterS?: number };
}

/** As much of a response as says what went wrong. */
type Told = Pick<Response, "status" | "statusText" | "json"> & {
  headers: { get(name: string): string | null };
};

/** An answer of the gateway is a problem (RFC 9457); one of a proxy before it may be anything. */
async function toError(response: Told): Promise<Refusal> {
  const { status } = response;
  const problem: { code?: unknown; detail?: unknown; retryable?: unknown } | null = await response
    .json()
    .catch(() => null);
  const code = typeof problem?.code === "string" ? problem.code : `http_${status}`;
  const message = typeof problem?.detail === "string" ? problem.detail : response.statusText;
  const passes = status === 429 || status >= 502;
  const retryable = typeof problem?.retryable === "boolean" ? problem.retryable : passes;
  const afterS = Number(response.headers.get("retry-after") ?? 0) || 0;
  return { ok: false, error: { code, message, retryable, status, afterS } };
}

export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
