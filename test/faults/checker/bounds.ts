import type { Found } from "./breach.ts";

/** What others may feel of a fault. */
export interface Bounds {
  /** Late at most, of ninety-nine facts in a hundred, ms; or twice what it was without the burden, on a machine that is slower. */
  p99Ms: number;
  /** By how much the largest gateway may grow, bytes. */
  growthBytes: number;
}

export interface Felt {
  /** ms, ascending. */
  latencies: readonly number[];
  /** The same under the same load before there was a burden. */
  before: readonly number[];
  memoryBefore: number;
  memoryAfter: number;
}

const TIMES = 2;

/** I7: whoever is a burden does not degrade the others. */
export function findDegraded(
  { latencies, before, memoryBefore, memoryAfter }: Felt,
  bounds: Bounds,
): Found[] {
  const found: Found[] = [];
  const p99 = quantile(latencies, 0.99);
  const p99Before = quantile(before, 0.99);
  const detail = `p99 ${p99} ms, without the burden ${p99Before} ms`;
  if (p99 > Math.max(bounds.p99Ms, TIMES * p99Before))
    found.push({ invariant: "I7", kind: "slow bystanders", detail });
  const growth = memoryAfter - memoryBefore;
  if (growth > bounds.growthBytes)
    found.push({ invariant: "I7", kind: "memory", detail: `a gateway grew by ${growth} bytes` });
  return found;
}

/** Of ascending values; 0 of none. */
export const quantile = (values: readonly number[], share: number): number =>
  values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
