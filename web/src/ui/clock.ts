import { useSyncExternalStore } from "react";

const watchers = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;
let nowMs = Date.now();

function tick(): void {
  nowMs = Date.now();
  for (const watcher of watchers) watcher();
}

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  nowMs = Date.now();
  ticking ??= setInterval(tick, 1000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

/** What `read` makes of the time, once a second; one clock for the whole page, and nothing is drawn anew while the text stays the same. */
export const useClock = <T extends string | number>(read: (nowMs: number) => T): T =>
  useSyncExternalStore(subscribe, () => read(nowMs));
