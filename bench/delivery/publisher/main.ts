import { setTimeout as delay } from "node:timers/promises";
import { nowUs, untilUs } from "../lib/clock.ts";
import { toMarker } from "../lib/marker.ts";
import { serve } from "../lib/remote.ts";
import { type Due, toDue } from "./event.ts";
import type { OpenSource, Source } from "./source.ts";
import { openEmitter } from "./sources/emitter.ts";
import { openJobcast } from "./sources/jobcast.ts";
import { openNchan } from "./sources/nchan.ts";
import { openJobs, openQueueEvents } from "./sources/progress.ts";
import { openPubSub } from "./sources/pub-sub.ts";
import { openStreams } from "./sources/streams.ts";

const openers = {
  jobcast: openJobcast,
  "jobcast-jobs": openJobs,
  emitter: openEmitter,
  "queue-events": openQueueEvents,
  "pub-sub": openPubSub,
  streams: openStreams,
  nchan: openNchan,
} satisfies Record<string, OpenSource>;

export interface RunRequest extends Whom {
  phase: number;
  /** Events a second. */
  rate: number;
  startUs: number;
  seconds: number;
}

export interface Whom {
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

export type SourceName = keyof typeof openers;

/** The process that says everything. */
export interface PublisherApi extends Record<string, (argument: never) => unknown> {
  open(request: { source: SourceName; redisUrl: string; ports: number[] }): Promise<void>;
  /** For what is about to be said to these. */
  prepare(whom: Whom): Promise<void>;
  /** Says events at a steady rate, whatever becomes of them; resolves when the last was taken. */
  run(request: RunRequest): Promise<RunAnswer>;
  close(none: null): void;
}

const TICK_US = 1000;
let source: Source | undefined;

const api: PublisherApi = {
  async open({ source: name, ...options }) {
    source = await openers[name](options);
  },
  async prepare(whom) {
    await source?.prepare?.(audiencesOf(whom));
  },
  async run(request) {
    if (source === undefined) throw new Error("Nothing was opened");
    const { rate, startUs, seconds } = request;
    const total = Math.round(rate * seconds);
    const perTick = rate / 1000;
    const audiences = audiencesOf(request);
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
        due.push(toNth(sent, audiences, { phase: request.phase, intendedUs }));
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

const audiencesOf = ({ users, group }: Whom): string[] =>
  group === undefined ? Array.from({ length: users }, (_, i) => `user:u${i}`) : [`group:${group}`];

/** To each in turn. */
function toNth(n: number, audiences: string[], mark: { phase: number; intendedUs: number }): Due {
  const k = Math.floor(n / audiences.length);
  return toDue(audiences[n % audiences.length] ?? "", n, toMarker({ ...mark, k }));
}

serve(api);
