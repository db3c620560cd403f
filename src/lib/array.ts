/** `[a, 1, b, 2]` -> `{ a: 1, b: 2 }`, as Redis answers fields and values. */
export function fromPairs(flat: readonly string[]): Record<string, string | undefined> {
  const fields: Record<string, string | undefined> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[String(flat[i])] = flat[i + 1];
  return fields;
}

/** Cuts a list into parts of at most `size`, in order. */
export function inPortions<Item>(items: readonly Item[], size: number): Item[][] {
  const portions: Item[][] = [];
  for (let i = 0; i < items.length; i += size) portions.push(items.slice(i, i + size));
  return portions;
}
