/** Latencies in µs, to about one percent. */
export interface Histogram {
  add(us: number): void;
  /** In ms. */
  quantile(share: number): number;
  readonly count: number;
}

const PER_OCTAVE = 64;

export function createHistogram(): Histogram {
  const buckets = new Uint32Array(40 * PER_OCTAVE);
  let count = 0;
  return {
    add(us) {
      const bucket = Math.round(Math.log2(Math.max(us, 0) + 1) * PER_OCTAVE);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      count += 1;
    },
    quantile(share) {
      const wanted = Math.ceil(count * share);
      let passed = 0;
      for (const [bucket, many] of buckets.entries()) {
        passed += many;
        if (many > 0 && passed >= wanted) return (2 ** (bucket / PER_OCTAVE) - 1) / 1000;
      }
      return 0;
    },
    get count() {
      return count;
    },
  };
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
