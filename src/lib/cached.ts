/**
 * Loads a value for each key at most once in `ttlMs`, however often it is asked for. A load that fails is not kept: the next call tries again.
 */
export function cached<T>(
  ttlMs: number,
  load: (key: string) => Promise<T>,
  now: () => number = Date.now,
): (key: string) => Promise<T> {
  const kept = new Map<string, { value: Promise<T>; until: number }>();
  return (key) => {
    const known = kept.get(key);
    if (known !== undefined && known.until > now()) return known.value;
    const value = load(key);
    kept.set(key, { value, until: now() + ttlMs });
    value.catch(() => kept.delete(key));
    return value;
  };
}
