import { nowUs, untilUs } from "./clock.ts";
import type { Arena, Cpu } from "./arena.ts";
import type { Report } from "../client/tally.ts";

export interface SteadyRequest {
  phase: number;
  rate: number;
  warmSeconds: number;
  seconds: number;
  /** Clients that are connected. */
  clients: number;
  /** All clients are in it; otherwise each is a user. */
  group?: string;
  /** Done while it runs, with the time it began. */
  meanwhile?: (startUs: number) => Promise<void>;
  /** Told when it was measured. */
  measured?: (fromUs: number, toUs: number) => void;
}

export interface Steady extends Report {
  sent: number;
  maxLagMs: number;
  /** While it was measured, of one core. */
  share: Cpu;
  /** µs of CPU for each delivery, over all nodes; what their helpers take is in it. */
  cpuPerDelivery: number;
  redisPerEvent: number;
}

const LEAD_US = 50_000;

/** Says events at a steady rate and measures what comes of it, after a warm-up that counts for losses alone. */
export async function runSteady(arena: Arena, request: SteadyRequest): Promise<Steady> {
  const { phase, rate, warmSeconds, seconds, clients, group, meanwhile } = request;
  const audiences = group === undefined ? clients : 1;
  const startUs = nowUs() + LEAD_US;
  const fromUs = startUs + warmSeconds * 1e6;
  const toUs = fromUs + seconds * 1e6;
  const total = rate * (warmSeconds + seconds);
  request.measured?.(fromUs, toUs);
  await arena.clients.begin({ phase, perClient: Math.ceil(total / audiences) + 1, fromUs, toUs });
  const running = arena.publisher.run({
    phase,
    rate,
    startUs,
    seconds: warmSeconds + seconds,
    users: clients,
    ...(group === undefined ? {} : { group }),
  });
  const [answer, used] = await Promise.all([
    running,
    measure(arena, fromUs, toUs),
    meanwhile?.(startUs),
  ]);
  const report = await arena.clients.report({ total: answer.total, audiences });
  const perEvent = group === undefined ? 1 : clients;
  const events = rate * used.seconds;
  return {
    ...report,
    sent: answer.total * perEvent,
    maxLagMs: answer.maxLagMs,
    share: used.share,
    cpuPerDelivery:
      ((used.share.nodes + used.share.helpers) * used.seconds * 1e6) / (events * perEvent),
    redisPerEvent: (used.share.redis * used.seconds * 1e6) / events,
  };
}

async function measure(
  arena: Arena,
  fromUs: number,
  toUs: number,
): Promise<{ share: Cpu; seconds: number }> {
  await untilUs(fromUs);
  const [sinceUs, before] = [nowUs(), arena.cpu()];
  await untilUs(toUs);
  const [untilNowUs, after] = [nowUs(), arena.cpu()];
  const seconds = (untilNowUs - sinceUs) / 1e6;
  const shareOf = (part: keyof Cpu) => (after[part] - before[part]) / 1000 / seconds;
  return {
    seconds,
    share: {
      nodes: shareOf("nodes"),
      helpers: shareOf("helpers"),
      redis: shareOf("redis"),
      publisher: shareOf("publisher"),
      clients: shareOf("clients"),
    },
  };
}
