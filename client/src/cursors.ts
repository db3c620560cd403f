/** Where the page stands in each feed, as `ready` and facts say it. */
export interface Cursors {
  all(): Record<string, string>;
  /** Moves to a fact; `false` when it was heard before, which is so while one transport takes over from another. */
  advance(feed: string, cursor: string): boolean;
  /** Takes places over as they are told: by `ready`, by `resync`. */
  take(cursors: Record<string, string>): void;
  clear(): void;
}

export function createCursors(saved: Record<string, string> = {}): Cursors {
  let places: Record<string, string> = { ...saved };
  return {
    all: () => ({ ...places }),
    advance(feed, cursor) {
      const known = places[feed];
      if (
        known !== undefined &&
        epochOf(known) === epochOf(cursor) &&
        seqOf(cursor) <= seqOf(known)
      )
        return false;
      places[feed] = cursor;
      return true;
    },
    take(cursors) {
      for (const [feed, cursor] of Object.entries(cursors)) places[feed] = cursor;
    },
    clear() {
      places = {};
    },
  };
}

/** A cursor is `<epoch>-<seq>`. */
const epochOf = (cursor: string): string => cursor.slice(0, cursor.lastIndexOf("-"));
const seqOf = (cursor: string): number => Number(cursor.slice(cursor.lastIndexOf("-") + 1));
