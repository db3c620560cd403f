import { useQueueStatus } from "@jobcast/client/react";
import { plural } from "../format/plural.ts";

/** How busy the workers are; there while somebody waits. */
export function QueueLine() {
  const queues = useQueueStatus();
  if (queues === undefined) return null;
  const { premium, normal, large, totalWorkers, activeWorkers } = queues;
  const waiting = premium.waiting + normal.waiting + large.waiting;
  return (
    <p className="text-[0.8125rem] text-quiet">
      {waiting === 0 ? "Nothing waits" : `${plural(waiting, "job")} in line`}, {activeWorkers} of{" "}
      {plural(totalWorkers, "worker")} busy
    </p>
  );
}
