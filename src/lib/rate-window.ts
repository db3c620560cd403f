/** Lets so many through for each key within a time that begins with the first of them. */
export interface RateWindow {
  /** Ms until the next one may come; 0 for one that is let through. */
  take(key: string): number;
}

export interface RateWindowOptions {
  max: number;
  windowMs: number;
  now?: () => number;
}

export function createRateWindow({ max, windowMs, now = Date.now }: RateWindowOptions): RateWindow {
  /** By their beginnings, and so by their ends: those that are over are found at the front, without a timer for each. */
  const windows = new Map<string, { endsAt: number; count: number }>();

  function sweep(at: number): void {
    for (const [key, { endsAt }] of windows) {
      if (endsAt > at) return;
      windows.delete(key);
    }
  }

  return {
    take(key) {
      const at = now();
      sweep(at);
      const window = windows.get(key);
      if (window === undefined) {
        windows.set(key, { endsAt: at + windowMs, count: 1 });
        return 0;
      }
      window.count += 1;
      return window.count > max ? window.endsAt - at : 0;
    },
  };
}
