import { useEffect, useState } from "react";
import { formatRate } from "../format/bytes.ts";
import { formatTimeLeft } from "../format/duration.ts";
import type { Sending, SendingState } from "../new-work/sending.ts";

const SAMPLE_MS = 1000;
/** How much the last second counts against those before it. */
const WEIGHT = 0.4;

/** How much has been sent, how fast that goes and how long it still takes; or what is wrong. */
export function useSendingDetail({ order, state }: Sending, now: SendingState): string {
  const rate = useRate(() => state.get().sentBytes, now.status === "sending");
  const { size } = order.file;
  const sent = `${size === 0 ? 100 : Math.floor((100 * now.sentBytes) / size)} %`;
  const pace =
    rate > 0 ? ` · ${formatRate(rate)} · ${formatTimeLeft((size - now.sentBytes) / rate)}` : "";
  const details: Record<SendingState["status"], string> = {
    "in-line": "",
    sending: sent + pace,
    waiting: "goes on by itself",
    paused: sent,
    "handing-in": "becoming a job",
    failed: now.error?.message ?? "",
  };
  return details[now.status];
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
