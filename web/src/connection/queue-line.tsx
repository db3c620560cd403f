import { useJobcast, useQueueStatus } from "@jobcast/client/react";
import type { Job } from "@jobcast/client";
import { useSyncExternalStore } from "react";
import { plural } from "../format/plural.ts";

/** How far one's own work is from its turn, and how busy the workers are; there while one waits. */
export function QueueLine() {
  const queues = useQueueStatus();
  const { list } = useJobcast().jobs;
  const first = useSyncExternalStore(list.subscribe, () => firstPlace(list.get()));
  if (queues === undefined || first === undefined) return null;
  const { totalWorkers, activeWorkers } = queues;
  const place = first === 1 ? "Your work is next" : `${first - 1} waiting before you`;
  return (
    <p className="text-[0.8125rem] text-quiet">
      {place}, {activeWorkers} of {plural(totalWorkers, "worker")} busy
    </p>
  );
}

/** The best place in line of all; `undefined` when nothing waits. */
function firstPlace(jobs: readonly Job[]): number | undefined {
  let first: number | undefined;
  for (const { queuePosition } of jobs)
    if (queuePosition !== null && (first === undefined || queuePosition < first))
      first = queuePosition;
  return first;
}
