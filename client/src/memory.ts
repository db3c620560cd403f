/** What outlives a reload of the page. */
export interface Memory {
  cursors: Record<string, string>;
  /** Outcomes that the page was told of, the newest last. */
  told: string[];
}

/** What keeps it: `sessionStorage`, `localStorage`, or anything like them. */
export type Keeper = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export interface Keeping {
  /** What was kept of this user, or nothing. */
  read(): Memory;
  /** Soon, and before the page goes. */
  write(read: () => Memory): void;
  forget(): void;
}

/** Facts come by the hundred a second. */
const WRITE_EVERY_MS = 500;

/** A store that is full, or closed to the page, keeps nothing, and that is all. */
export function createKeeping(keeper: Keeper | undefined, key: string): Keeping {
  let due: (() => Memory) | undefined;

  function flush(): void {
    const now = due;
    due = undefined;
    if (now !== undefined) attempt(() => keeper?.setItem(key, JSON.stringify(now())));
  }

  if (keeper !== undefined) globalThis.addEventListener?.("pagehide", flush);

  return {
    read() {
      const text = attempt(() => keeper?.getItem(key));
      const kept = attempt((): Partial<Memory> => Object(JSON.parse(text ?? "{}"))) ?? {};
      return { cursors: { ...kept.cursors }, told: Array.isArray(kept.told) ? kept.told : [] };
    },
    write(read) {
      if (keeper === undefined) return;
      if (due === undefined) setTimeout(flush, WRITE_EVERY_MS);
      due = read;
    },
    forget() {
      due = undefined;
      attempt(() => keeper?.removeItem(key));
    },
  };
}

function attempt<Value>(run: () => Value): Value | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
