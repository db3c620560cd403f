/** Where the page stands in each feed, as `ready` and facts say it. */
export interface Cursors {
  all(): Record<string, string>;
  /** Moves to a fact; `false` when it was heard before, which is so while one transport takes over from another. */
  advance(feed: string, cursor: string): boolean;
  /** What `ready` says, as far as it is news: while transports overlap, the one that goes may have brought more than the one that comes knew of when it said so. */
  join(cursors: Record<string, string>): void;
  /** Goes to where a `resync` says, which may be back. */
  jump(feed: string, cursor: string): void;
}

export function createCursors(saved: Record<string, string> = {}): Cursors {
  const places: Record<string, string> = { ...saved };

  function advance(feed: string, cursor: string): boolean {
    const known = places[feed];
    if (known !== undefined && epochOf(known) === epochOf(cursor) && seqOf(cursor) <= seqOf(known))
      return false;
    places[feed] = cursor;
    return true;
  }

  return {
    all: () => ({ ...places }),
    advance,
    join(cursors) {
      for (const [feed, cursor] of Object.entries(cursors)) advance(feed, cursor);
    },
    jump: (feed, cursor) => void (places[feed] = cursor),
  };
}

/** A cursor is `<epoch>-<seq>`. */
const epochOf = (cursor: string): string => cursor.slice(0, cursor.lastIndexOf("-"));
const seqOf = (cursor: string): number => Number(cursor.slice(cursor.lastIndexOf("-") + 1));
