import type { Item } from "./room.ts";

type Gauge = Item & { kind: "gauge" };

/** At most ten a second for a job; of those that come faster the newest waits, so that the last one is always heard. */
const INTERVAL_MS = 100;

/** Lets a job's gauges through at a bearable rate, and none that a fact has made old. */
export interface GaugeGate {
  offer(gauge: Gauge): void;
  /** A fact of the job is about to be told: what waits is older. */
  drop(jobId: string): void;
  clear(): void;
}

export function createGaugeGate(pass: (gauge: Gauge) => void): GaugeGate {
  /** Jobs that were let through in this interval, with what waits for the next. */
  const held = new Map<string, Gauge | undefined>();
  let timer: NodeJS.Timeout | undefined;

  function tick(): void {
    timer = undefined;
    for (const [jobId, gauge] of [...held]) {
      held.delete(jobId);
      if (gauge !== undefined) offer(gauge);
    }
  }

  function offer(gauge: Gauge): void {
    if (held.has(gauge.jobId)) {
      held.set(gauge.jobId, gauge);
      return;
    }
    held.set(gauge.jobId, undefined);
    timer ??= setTimeout(tick, INTERVAL_MS).unref();
    pass(gauge);
  }

  return {
    offer,
    drop: (jobId) => void (held.has(jobId) && held.set(jobId, undefined)),
    clear() {
      clearTimeout(timer);
      timer = undefined;
      held.clear();
    },
  };
}
