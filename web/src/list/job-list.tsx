import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Entry } from "./entries.ts";
import { HEADING_REM, remToPx, ROW_REM } from "./sizes.ts";
import { JobRow } from "./job-row.tsx";
import { SendingRow } from "./sending-row.tsx";
import { useAnchor } from "./use-anchor.ts";
import { useRowKeys } from "./use-row-keys.ts";

export interface JobListProps {
  entries: readonly Entry[];
  /** More is there than is known. */
  total: number | undefined;
  onEnd(): void;
}

/** Only the rows in sight are drawn, out of ten thousands; the page itself scrolls. */
export function JobList({ entries, total, onEnd }: JobListProps) {
  const list = useRef<HTMLUListElement>(null);
  const top = useTop(list);
  const virtual = useWindowVirtualizer({
    count: entries.length,
    overscan: 8,
    scrollMargin: top,
    // Below the header of the page, which stays.
    scrollPaddingStart: remToPx(5),
    scrollPaddingEnd: remToPx(1),
    estimateSize: (index) =>
      remToPx(ROW_REM + (entries[index]?.heading === undefined ? 0 : HEADING_REM)),
  });
  const drawn = virtual.getVirtualItems();
  const isAtEnd = (drawn.at(-1)?.index ?? -1) >= entries.length - 20;
  useEffect(() => void (isAtEnd && onEnd()), [isAtEnd, entries.length, onEnd]);

  // Sizes follow from the entries, and are asked for anew when a heading has moved.
  const headings = useMemo(
    () => entries.flatMap(({ heading }, index) => (heading === undefined ? [] : [index])).join(),
    [entries],
  );
  useLayoutEffect(() => virtual.measure(), [virtual, headings]);
  useAnchor({ entries, virtual, top });
  const onKeyDown = useRowKeys({ list, count: entries.length, scrollTo: virtual.scrollToIndex });

  return (
    <ul
      ref={list}
      aria-label="Jobs"
      onKeyDown={onKeyDown}
      className="relative"
      style={{ height: virtual.getTotalSize() }}
    >
      {drawn.map(({ index, start }) => {
        const entry = entries[index];
        if (entry === undefined) return null;
        return (
          <li
            key={entry.key}
            data-index={index}
            aria-posinset={index + 1}
            aria-setsize={total ?? -1}
            className="absolute inset-x-0 top-0 contain-layout contain-paint contain-style"
            style={{ transform: `translateY(${start - top}px)` }}
          >
            {entry.heading !== undefined && (
              <h2 className="flex h-10 items-end pb-2 text-[0.8125rem] font-medium text-quiet">
                {entry.heading}
              </h2>
            )}
            {entry.what === "job" ? (
              <JobRow job={entry.job} />
            ) : (
              <SendingRow sending={entry.sending} />
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** Where the list begins on the page, which changes with what stands above it. */
function useTop(list: RefObject<HTMLElement | null>): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measure = (): void => {
      const { current } = list;
      if (current !== null) setTop(Math.round(current.getBoundingClientRect().top + scrollY));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [list]);
  return top;
}
