import { useEffect, useState } from "react";
import { formatBytes, formatRate } from "../format/bytes.ts";
import { formatTimeLeft } from "../format/duration.ts";
import type { Sending, SendingState } from "../new-work/sending.ts";

const SAMPLE_MS = 1000;
/** How much the last second counts against those before it. */
const WEIGHT = 0.4;

/** How much has been sent, how fast that goes and how long it still takes; or what is wrong. */
export function useSendingDetail({ order, state }: Sending, now: SendingState): string {
  const rate = useRate(() => state.get().sentBytes, now.status === "sending");
  const { size } = order.file;
  switch (now.status) {
    case "in-line":
      return "";
    case "failed":
      return now.error?.message ?? "";
    case "waiting":
      return "goes on by itself";
    case "handing-in":
      return "becoming a job";
    case "paused":
      return `${formatBytes(now.sentBytes)} of ${formatBytes(size)}`;
    case "sending":
      return [
        `${formatBytes(now.sentBytes)} of ${formatBytes(size)}`,
        ...(rate > 0 ? [formatRate(rate), formatTimeLeft((size - now.sentBytes) / rate)] : []),
      ].join(" · ");
  }
}

/** Bytes a second, calmed; 0 until it is known. */
function useRate(read: () => number, isOn: boolean): number {
  const [rate, setRate] = useState(0);
  useEffect(() => {
    if (!isOn) return undefined;
    let last = read();
    const timer = setInterval(() => {
      const bytes = Math.max(0, read() - last);
      last += bytes;
      const perSecond = (1000 * bytes) / SAMPLE_MS;
      setRate((known) => (known === 0 ? perSecond : known + WEIGHT * (perSecond - known)));
    }, SAMPLE_MS);
    return () => clearInterval(timer);
    // `read` is of the same file for as long as the row is.
  }, [isOn]);
  return isOn ? rate : 0;
}
