/** Ids of Redis streams, `<ms>-<n>`; the empty string stands before all of them. */
export function compareStreamIds(a: string, b: string): number {
  const [aTime = 0, aCount = 0] = parts(a);
  const [bTime = 0, bCount = 0] = parts(b);
  return aTime - bTime || aCount - bCount;
}

/** When an entry was written, ms since 1970, by Redis's clock. */
export const timeOfStreamId = (id: string): number => parts(id)[0] ?? 0;

const parts = (id: string): number[] => (id === "" ? [-1, 0] : id.split("-", 2).map(Number));
