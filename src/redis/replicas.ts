import { JobcastError } from "../errors.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import { mark, type Passed, passBarrier, readStanding, shareBarriers } from "./barrier.ts";
import type { Standing } from "./barrier.ts";
import type { RedisClient } from "./connect.ts";
import { addressOf, markersOf, ownerOf, primaryAt } from "./key-owners.ts";
import type { Keys } from "./keys.ts";
import { primariesOf } from "./primaries.ts";

/**
 * Resolves when all that was written in the slots of these keys before the call, by anybody and over any connection, is on a replica, or when there is no
 * replica. Fails with `unavailable` when none has it in time, and when a primary has been replaced since `begin`, which may have cost what was written.
 */
export type CaughtUp = (keys: Iterable<string>) => Promise<void>;

/** Whether what is promised would outlive the loss of a primary. Without replicas nothing is asked, and nothing waits. */
export interface Replicas {
  /** To be called before the first write, or read, of what will be promised. */
  begin(): CaughtUp;
  close(): void;
}

export interface ReplicasOptions {
  /** A strict one of its own (`openStrictRedis`), more patient than `timeoutMs`: what is sent behind a `WAIT` waits too. Stays open. */
  redis: RedisClient;
  keys: Keys;
  log: Logger;
  /** How long a replica may take; 1000. */
  timeoutMs?: number;
  /** How often replicas are looked for; 5000. */
  lookEveryMs?: number;
}

const TIMEOUT_MS = 1000;
/** Until then a first replica is not waited for. */
const LOOK_EVERY_MS = 5000;
const MOVING_PAUSE_MS = 50;

type Known = ReadonlyMap<string, Standing>;

export function createReplicas({
  redis,
  keys,
  log,
  timeoutMs = TIMEOUT_MS,
  lookEveryMs = LOOK_EVERY_MS,
}: ReplicasOptions): Replicas {
  /** By address; replaced rather than changed, since `begin` remembers it. */
  let known: Known = new Map();
  const barriers = new Map<string, ReturnType<typeof shareBarriers<Passed>>>();
  const say = createChangeLog(log);

  function learn<S extends Standing>(address: string, standing: S): S {
    const before = known.get(address);
    known = new Map(known).set(address, standing);
    if (before !== undefined && before.replicas > 0 && standing.replicas === 0)
      log.warn("Redis: no replica follows any more: what is accepted now is on one server alone");
    return standing;
  }

  async function look(address: string): Promise<Standing> {
    return learn(address, await readStanding(requirePrimary(address)));
  }

  async function lookAtAll(): Promise<void> {
    const addresses = primariesOf(redis).map((primary) => addressOf(redis, primary));
    known = new Map([...known].filter(([address]) => addresses.includes(address)));
    await Promise.all(addresses.map(look));
  }

  function requirePrimary(address: string) {
    const primary = primaryAt(redis, address);
    if (primary === undefined) throw new GoneError();
    return primary;
  }

  function barrierOf(address: string) {
    const barrier =
      barriers.get(address) ??
      shareBarriers(async (markers) =>
        learn(address, await passBarrier(requirePrimary(address), markers, timeoutMs)),
      );
    barriers.set(address, barrier);
    return barrier;
  }

  async function pass(before: Known, address: string, markers: string[]): Promise<void> {
    const standing = known.get(address) ?? (await look(address));
    requireSame(before, address, standing);
    if (standing.replicas === 0) return;
    const passed = await barrierOf(address)(markers);
    requireSame(before, address, passed);
    if (!passed.isConfirmed && passed.replicas > 0) throw new Error("No replica confirms in time");
  }

  async function passAll(before: Known, wanted: Set<string>): Promise<void> {
    const byOwner = Map.groupBy([...wanted], (marker) => ownerOf(redis, marker) ?? "");
    await Promise.all([...byOwner].map(([address, markers]) => pass(before, address, markers)));
  }

  /**
   * A slot that has moved, or whose primary is gone, is found by asking: ioredis learns of it by the answers to commands that it sends itself. One that is
   * moving is on two primaries, so that is waited for.
   */
  async function follow(before: Known, wanted: Set<string>): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      try {
        return await passAll(before, wanted);
      } catch (thrown) {
        const isElsewhere = isMoved(thrown) || thrown instanceof GoneError;
        if (!isElsewhere || performance.now() > deadline) throw thrown;
        await Promise.all(Array.from(wanted, (marker) => redis.call(...mark(marker))));
        await sleep(MOVING_PAUSE_MS);
      }
    }
  }

  async function catchUp(before: Known, written: Iterable<string>): Promise<void> {
    try {
      await follow(before, markersOf(redis, keys, written));
      say(undefined);
    } catch (cause) {
      say(cause);
      throw new JobcastError("unavailable", "Nobody confirms what was written at the moment", {
        retryAfterSeconds: 5,
        cause,
      });
    }
  }

  const lookQuietly = () =>
    void lookAtAll().catch((err: unknown) => log.debug({ err }, "replicas cannot be looked for"));
  redis.on("ready", lookQuietly);
  lookQuietly();
  const timer = setInterval(lookQuietly, lookEveryMs).unref();

  return {
    begin() {
      const before = known;
      return (written) => catchUp(before, written);
    },
    close() {
      clearInterval(timer);
      redis.off("ready", lookQuietly);
    },
  };
}

/** Whoever had nobody to take its place is not replaced. */
function requireSame(before: Known, address: string, { history }: Standing): void {
  if (before.size === 0 || before.get(address)?.replicas === 0) return;
  for (const known of before.values()) if (known.history === history) return;
  throw new Error("The primary was replaced meanwhile");
}

/** The connection names a primary that it has no link to any more. */
class GoneError extends Error {
  override readonly name = "GoneError";

  constructor() {
    super("Nobody knows where the primary is");
  }
}

const isMoved = (thrown: unknown): boolean =>
  thrown instanceof Error && /^(MOVED|ASK) /.test(thrown.message);

/** Says a failure when it begins and when it is over, not for everybody whom it concerns. */
function createChangeLog(log: Logger): (failure: unknown) => void {
  let isFailing = false;
  return (failure) => {
    if (isFailing === (failure !== undefined)) return;
    isFailing = failure !== undefined;
    if (isFailing) log.warn({ err: failure }, "Redis: writes are not confirmed by a replica");
    else log.info("Redis: writes are confirmed again");
  };
}
