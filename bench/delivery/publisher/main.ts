import { setTimeout as delay } from "node:timers/promises";
import { nowUs, untilUs } from "../lib/clock.ts";
import { toMarker } from "../lib/marker.ts";
import { serve } from "../lib/remote.ts";
import { type Due, toDue } from "./event.ts";
import type { OpenSource, Source } from "./source.ts";
import { openEmitter } from "./sources/emitter.ts";
import { openJobcast } from "./sources/jobcast.ts";

export interface RunRequest {
  phase: number;
  /** Events a second. */
  rate: number;
  startUs: number;
  seconds: number;
  /** So many users, each spoken to in turn. */
  users: number;
  /** Instead of users. */
  group?: string;
}

export interface RunAnswer {
  total: number;
  /** How far the publisher was behind its own schedule at worst, in ms. */
  maxLagMs: number;
}

export type SourceName = "jobcast" | "emitter";

/** The process that says everything. */
export interface PublisherApi extends Record<string, (argument: never) => unknown> {
  open(request: { source: SourceName; redisUrl: string; ports: number[] }): Promise<void>;
  /** Says events at a steady rate, whatever becomes of them; resolves when the last was taken. */
  run(request: RunRequest): Promise<RunAnswer>;
  close(none: null): void;
}

const openers: Record<SourceName, OpenSource> = { jobcast: openJobcast, emitter: openEmitter };
const TICK_US = 1000;
let source: Source | undefined;

const api: PublisherApi = {
  async open({ source: name, ...options }) {
    source = await openers[name](options);
  },
  async run(request) {
    if (source === undefined) throw new Error("Nothing was opened");
    const { rate, startUs, seconds } = request;
    const total = Math.round(rate * seconds);
    const perTick = rate / 1000;
    let sent = 0;
    let maxLagUs = 0;
    await untilUs(startUs);
    while (sent < total) {
      const tick = Math.floor((nowUs() - startUs) / TICK_US);
      // Each event is due at a tick, and meant to be sent then, however late this process is.
      const due: Due[] = [];
      const target = Math.min(total, Math.floor((tick + 1) * perTick));
      for (; sent < target; sent += 1) {
        const intendedUs = startUs + Math.floor(sent / perTick) * TICK_US;
        if (due.length === 0) maxLagUs = Math.max(maxLagUs, nowUs() - intendedUs);
        due.push(toNth(request, sent, intendedUs));
      }
      if (due.length > 0) source.publish(due);
      await delay(1);
    }
    await source.drained();
    return { total, maxLagMs: maxLagUs / 1000 };
  },
  close() {
    source?.close();
  },
};

function toNth({ phase, users, group }: RunRequest, n: number, intendedUs: number): Due {
  const audiences = group === undefined ? users : 1;
  const k = Math.floor(n / audiences);
  const audience = group === undefined ? `user:u${n % users}` : `group:${group}`;
  return toDue(audience, n, toMarker({ phase, k, intendedUs }));
}

serve(api);
