/** `[a, 1, b, 2]` -> `{ a: 1, b: 2 }`, as Redis answers fields and values. */
export function fromPairs(flat: readonly string[]): Record<string, string | undefined> {
  const fields: Record<string, string | undefined> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[String(flat[i])] = flat[i + 1];
  return fields;
}

/** Groups in the order of first appearance; each group keeps the order of its items. */
export function groupBy<Item, Key>(
  items: Iterable<Item>,
  keyOf: (item: Item) => Key,
): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

export const mapValues = <Key, Value, To>(
  map: ReadonlyMap<Key, Value>,
  to: (value: Value) => To,
): Map<Key, To> => new Map(Array.from(map, ([key, value]) => [key, to(value)]));

/** Cuts a list into parts of at most `size`, in order. */
export function inPortions<Item>(items: readonly Item[], size: number): Item[][] {
  const portions: Item[][] = [];
  for (let i = 0; i < items.length; i += size) portions.push(items.slice(i, i + size));
  return portions;
}
