import type { Report } from "../client/tally.ts";
import type { Arena, Cpu } from "./arena.ts";
import { nowUs } from "./clock.ts";

export interface SteadyRequest {
  /** No two runs of an arena have the same. */
  phase: number;
  rate: number;
  warmSeconds: number;
  seconds: number;
  /** Clients that are connected. */
  clients: number;
  /** All clients are in it; otherwise each is a user. */
  group?: string;
  /** Done while it runs. */
  meanwhile?: () => Promise<void>;
  /** Told when it was measured. */
  measured?: (fromUs: number, toUs: number) => void;
}

export interface Steady extends Report {
  sent: number;
  /** How far the publisher was behind its own schedule at worst. */
  maxLagMs: number;
  /** From the first event until the last had come, of one core. */
  share: Cpu;
  /** µs of CPU for each delivery, over all nodes. */
  cpuPerDelivery: number;
  /** The same of what works beside them. */
  helpersPerDelivery: number;
}

const LEAD_US = 50_000;

/** Says events at a steady rate and measures what comes of it, after a warm-up that counts for losses alone. */
export async function runSteady(arena: Arena, request: SteadyRequest): Promise<Steady> {
  const { phase, warmSeconds, seconds, measured, meanwhile } = request;
  const warm = warmSeconds === 0 ? undefined : await run(arena, request, 2 * phase, warmSeconds);
  const sinceUs = nowUs();
  const before = arena.cpu();
  const steady = await run(arena, request, 2 * phase + 1, seconds, meanwhile);
  const after = arena.cpu();
  measured?.(sinceUs, nowUs());
  const spentMs = (part: keyof Cpu) => after[part] - before[part];
  const shareOf = (part: keyof Cpu) => (spentMs(part) * 1000) / steady.tookUs;
  return {
    ...steady,
    lost: steady.lost + (warm?.lost ?? 0),
    skipped: steady.skipped + (warm?.skipped ?? 0),
    share: {
      nodes: shareOf("nodes"),
      helpers: shareOf("helpers"),
      redis: shareOf("redis"),
      publisher: shareOf("publisher"),
      clients: shareOf("clients"),
    },
    cpuPerDelivery: (spentMs("nodes") * 1000) / steady.received,
    helpersPerDelivery: (spentMs("helpers") * 1000) / steady.received,
  };
}

/** Resolves when all has come that comes. */
async function run(
  arena: Arena,
  { rate, clients, group }: SteadyRequest,
  phase: number,
  seconds: number,
  meanwhile?: () => Promise<void>,
) {
  const audiences = group === undefined ? clients : 1;
  const perClient = Math.ceil((rate * seconds) / audiences) + 1;
  await arena.clients.begin({ phase, perClient });
  const startUs = nowUs() + LEAD_US;
  const whom = { users: clients, ...(group === undefined ? {} : { group }) };
  const [{ total, maxLagMs }] = await Promise.all([
    arena.publisher.run({ phase, rate, startUs, seconds, ...whom }),
    // Whoever is away is waited for: what is told late is not lost.
    meanwhile?.(),
  ]);
  const report = await arena.clients.report({ total, audiences });
  return {
    ...report,
    sent: (total * clients) / (group === undefined ? clients : 1),
    maxLagMs,
    tookUs: report.lastUs - startUs,
  };
}
