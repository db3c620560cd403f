import { BATCH_GAUGE } from "../contract/batch.ts";
import type { Gauge } from "./item.ts";

/** At most ten a second for a job, one for a batch; of those that come faster the newest waits, so that the last one is always heard. */
const INTERVAL_MS = 100;
const BATCH_INTERVAL_MS = 1000;

/** Lets a job's gauges through at a bearable rate, and none that a fact has made old. */
export interface GaugeGate {
  offer(gauge: Gauge): void;
  /** A fact of the job is about to be told: what waits is older. */
  drop(jobId: string): void;
  clear(): void;
}

export function createGaugeGate(pass: (gauge: Gauge) => void): GaugeGate {
  /** Jobs of which one was let through a moment ago, with what waits for its turn. */
  const held = new Map<string, { timer: NodeJS.Timeout; waiting: Gauge | undefined }>();

  function letThrough(gauge: Gauge): void {
    // Each job has its own: with one beat for all, the first two of a job could come together.
    const intervalMs = gauge.event === BATCH_GAUGE ? BATCH_INTERVAL_MS : INTERVAL_MS;
    const timer = setTimeout(() => next(gauge.jobId), intervalMs).unref();
    held.set(gauge.jobId, { timer, waiting: undefined });
    pass(gauge);
  }

  function next(jobId: string): void {
    const waiting = held.get(jobId)?.waiting;
    held.delete(jobId);
    if (waiting !== undefined) letThrough(waiting);
  }

  return {
    offer(gauge) {
      const last = held.get(gauge.jobId);
      if (last === undefined) letThrough(gauge);
      else last.waiting = gauge;
    },
    drop(jobId) {
      const last = held.get(jobId);
      if (last !== undefined) last.waiting = undefined;
    },
    clear() {
      for (const { timer } of held.values()) clearTimeout(timer);
      held.clear();
    },
  };
}
