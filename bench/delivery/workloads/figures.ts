import type { Steady } from "../lib/steady.ts";

const percent = (share: number): number => share * 100;

export const steadyFigures = (steady: Steady): Record<string, number> => ({
  "µs/delivery": steady.cpuPerDelivery,
  p50: steady.p50,
  p99: steady.p99,
  "p99.9": steady.p999,
  max: steady.max,
  lost: steady.lost,
  duplicates: steady.duplicates,
  disordered: steady.disordered,
  "node %": percent(steady.share.nodes),
  "recorder %": percent(steady.share.helpers),
  "redis %": percent(steady.share.redis),
  "publisher %": percent(steady.share.publisher),
  "clients %": percent(steady.share.clients),
  "lag ms": steady.maxLagMs,
});
