import { randomUUID } from "node:crypto";
import type { Keys } from "../../redis/keys.ts";
import { loadScript } from "../../redis/script.ts";
import { JobcastError } from "../../errors.ts";
import { sleep } from "../../lib/sleep.ts";
import { patiently } from "../patience.ts";
import type { RedisClient } from "../../redis/connect.ts";

/** The right to write one upload, over all nodes. */
export interface UploadLock {
  /** Fires when it is no longer held, or must be let go. */
  signal: AbortSignal;
  /** Whether it is held at this moment: to be asked before each write, since a process that was frozen hears no timer first. */
  isHeld(): boolean;
  /** Something has arrived. */
  tick(): void;
  release(): Promise<void>;
}

export interface UploadLocks {
  /**
   * Waits while somebody else writes, who lets go when nothing has come from their client for a second, and whose lock expires when their process was killed. Fails with `conflict` once
   * `isWanted` says no, or after 8 s.
   */
  take(uploadId: string, isWanted: () => Promise<boolean>): Promise<UploadLock>;
}

const TTL_MS = 5000;
const RENEW_EVERY_MS = 500;
/** Before it expires in Redis it has expired for its holder, whose write may still take a moment. */
const MARGIN_MS = 1000;
const IDLE_MS = 1000;
const WANTED_MS = 1000;
const PATIENCE_MS = 8000;
const POLL_MS = 100;

export function createUploadLocks({
  redis,
  keys,
}: {
  redis: RedisClient;
  keys: Pick<Keys, "uploadLock" | "uploadWanted">;
}): UploadLocks {
  const hold = loadScript("hold-upload");
  const release = loadScript("release-upload");

  return {
    async take(uploadId, isWanted) {
      const holder = randomUUID();
      const lockKeys = [keys.uploadLock(uploadId), keys.uploadWanted(uploadId)];
      /** Since when it is held at the least, and whether somebody waits; `undefined` when it is somebody else's. */
      const ask = async () => {
        const since = performance.now();
        const answer = await hold.run(redis, lockKeys, [holder, TTL_MS, WANTED_MS]);
        return answer === 0 ? undefined : { since, isContested: answer === 2 };
      };
      const deadline = performance.now() + PATIENCE_MS;
      for (;;) {
        const held = await patiently(ask);
        if (held !== undefined)
          return keep(held.since, ask, () =>
            release.run(redis, lockKeys.slice(0, 1), [holder]).then(() => undefined),
          );
        if (performance.now() > deadline || !(await isWanted())) throw isBusy();
        await sleep(POLL_MS);
      }
    },
  };
}

function keep(
  since: number,
  ask: () => Promise<{ since: number; isContested: boolean } | undefined>,
  release: () => Promise<void>,
): UploadLock {
  const lost = new AbortController();
  let heldSince = since;
  let lastTick = since;
  const isHeld = () => !lost.signal.aborted && performance.now() < heldSince + TTL_MS - MARGIN_MS;

  const timer = setInterval(() => {
    if (!isHeld()) return lost.abort(isAway());
    ask().then(
      (held) => {
        if (held === undefined) return lost.abort(isBusy());
        heldSince = held.since;
        if (held.isContested && performance.now() > lastTick + IDLE_MS) lost.abort(isBusy());
      },
      // Redis is away: the lock outlives some renewals.
      () => undefined,
    );
  }, RENEW_EVERY_MS);

  return {
    signal: lost.signal,
    isHeld,
    tick() {
      lastTick = performance.now();
    },
    async release() {
      clearInterval(timer);
      // Else it expires by itself.
      await release().catch(() => undefined);
    },
  };
}

const isBusy = (): JobcastError =>
  new JobcastError("conflict", "Another request writes this upload", { retryAfterSeconds: 1 });
const isAway = (): JobcastError =>
  new JobcastError("unavailable", "The upload cannot go on at the moment", {
    retryAfterSeconds: 1,
  });
