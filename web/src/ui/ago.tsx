import { formatAgo, formatExact } from "../format/time.ts";
import { useClock } from "./clock.ts";

/** How long ago, with the exact time for whoever points at it. */
export function Ago({ at, className }: { at: string; className?: string }) {
  const text = useClock((nowMs) => formatAgo(at, nowMs));
  return (
    <time dateTime={at} title={formatExact(at)} className={className}>
      {text}
    </time>
  );
}
