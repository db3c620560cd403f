import type { Check, Readiness } from "../contract/http.ts";

export interface ReadinessDeps {
  isDraining(): boolean;
  redis(): Promise<unknown>;
  postgres(): Promise<unknown>;
  storage(): Promise<unknown>;
  /** Ms since a recorder was last heard of; `undefined` where nobody listens for it. */
  recorderSilentMs: (() => number) | undefined;
}

const TIMEOUT_MS = 2000;
const RECORDER_SILENT_MS = 5000;

/** Whether a process should get work. Redis and draining decide; what else is wrong is shown. */
export async function readReadiness({
  isDraining,
  recorderSilentMs,
  ...deps
}: ReadinessDeps): Promise<Readiness> {
  const [redis, postgres, storage] = await Promise.all([
    check(deps.redis),
    check(deps.postgres),
    check(deps.storage),
  ]);
  const recorder = toRecorderCheck(recorderSilentMs?.());
  const draining = isDraining();
  return { ready: redis.ok && !draining, draining, checks: { redis, recorder, postgres, storage } };
}

async function check(ask: () => Promise<unknown>): Promise<Check> {
  const startedAt = performance.now();
  try {
    await Promise.race([ask(), timeout()]);
    return {
      ok: true,
      latencyMs: Math.round((performance.now() - startedAt) * 10) / 10,
      detail: null,
    };
  } catch (thrown) {
    // The cause is in the log; here it may be read by anyone.
    return {
      ok: false,
      latencyMs: null,
      detail: thrown instanceof TimeoutError ? thrown.message : "Cannot be reached",
    };
  }
}

class TimeoutError extends Error {}

async function timeout(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new TimeoutError(`No answer in ${TIMEOUT_MS} ms`)), TIMEOUT_MS).unref();
  });
}

function toRecorderCheck(silentMs: number | undefined): Check {
  if (silentMs === undefined || silentMs < RECORDER_SILENT_MS)
    return { ok: true, latencyMs: null, detail: null };
  return {
    ok: false,
    latencyMs: null,
    detail: `No recorder was heard for ${Math.round(silentMs / 1000)} s`,
  };
}
