import { isFinal } from "@jobcast/client";
import type { Virtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef } from "react";
import type { Entry } from "./entries.ts";

interface Anchor {
  key: string;
  index: number;
  /** Below the top of the list, px. */
  offset: number;
}

export interface AnchorOptions {
  entries: readonly Entry[];
  virtual: Virtualizer<Window, Element>;
  /** Of the list, below the top of the page, px. */
  top: number;
}

/** Keeps the rows that somebody looks at where they are when others come or go above them. At the top of the list there is nothing to keep: one wants to see what is new. */
export function useAnchor({ entries, virtual, top }: AnchorOptions): void {
  const anchor = useRef<Anchor>(undefined);
  useLayoutEffect(() => {
    const { current } = anchor;
    const offsetOf = (index: number): number | undefined => {
      const item = virtual.measurementsCache[index];
      return item === undefined ? undefined : item.start - top;
    };
    if (current !== undefined) {
      const moved = offsetOf(findNear(entries, current));
      if (moved !== undefined && moved !== current.offset)
        scrollBy({ top: moved - current.offset, behavior: "instant" });
    }
    // As it was last heard: to ask the page would have it laid out at once, each time.
    const scrolled = virtual.scrollOffset ?? 0;
    const first = scrolled > top ? virtual.getVirtualItemForOffset(scrolled) : undefined;
    const entry = first === undefined ? undefined : entries[first.index];
    // What is going on moves by itself when it is over, and would take the page along.
    const isKept = entry?.what === "job" && isFinal(entry.job.status);
    anchor.current =
      isKept && first !== undefined
        ? { key: entry.key, index: first.index, offset: first.start - top }
        : undefined;
  });
}

const REACH = 200;

/** Rows come and go by the handful, so it is close to where it was. */
function findNear(entries: readonly Entry[], { key, index }: Anchor): number {
  for (let step = 0; step <= REACH; step += 1) {
    if (entries[index + step]?.key === key) return index + step;
    if (entries[index - step]?.key === key) return index - step;
  }
  return -1;
}
