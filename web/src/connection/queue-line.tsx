import { useJobcast, useQueueStatus } from "@jobcast/client/react";
import type { Job, QueueStatus } from "@jobcast/client";
import { useSyncExternalStore } from "react";
import { plural } from "../format/plural.ts";

/** How far one's own work is from its turn, and how busy the workers are; there while one waits. */
export function QueueLine() {
  const queues = useQueueStatus();
  const { list } = useJobcast().jobs;
  const first = useSyncExternalStore(list.subscribe, () => firstPlace(list.get()));
  const isShown = queues !== undefined && first !== undefined;
  return (
    // Its place is kept, so that the list does not move when it comes and goes.
    <p className="-mt-2 mb-3 min-h-5 text-[0.8125rem] text-quiet">
      {isShown && `${tellPlace(first)}, ${tellWorkers(queues)}`}
    </p>
  );
}

const tellPlace = (place: number): string =>
  place === 1 ? "Your work is next" : `${place - 1} waiting before you`;

const tellWorkers = ({ activeWorkers, totalWorkers }: QueueStatus): string =>
  `${activeWorkers} of ${plural(totalWorkers, "worker")} busy`;

/** The best place in line of all; `undefined` when nothing waits. */
function firstPlace(jobs: readonly Job[]): number | undefined {
  let first: number | undefined;
  for (const { queuePosition } of jobs)
    if (queuePosition !== null && (first === undefined || queuePosition < first))
      first = queuePosition;
  return first;
}
