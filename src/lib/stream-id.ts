/** Ids of Redis streams, `<ms>-<n>`; the empty string stands before all of them. */
export function compareStreamIds(a: string, b: string): number {
  if (a === b) return 0;
  return timeOfStreamId(a) - timeOfStreamId(b) || countOf(a) - countOf(b);
}

/** When an entry was written, ms since 1970, by Redis's clock. */
export const timeOfStreamId = (id: string): number =>
  id === "" ? -1 : Number(id.slice(0, id.indexOf("-")));

const countOf = (id: string): number => Number(id.slice(id.indexOf("-") + 1));
