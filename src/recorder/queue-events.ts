import { timeOfStreamId } from "../lib/stream-id.ts";
import type { QueueEvent } from "../jobs/transition.ts";

/** An entry of BullMQ's event stream about a job; `ref` is its id in the stream. */
export interface SourceEvent extends QueueEvent {
  ref: string;
  jobId: string;
}

/** `undefined` for entries that are about no job, such as `drained`. */
export function toSourceEvent(
  id: string,
  fields: Record<string, string | undefined>,
): SourceEvent | undefined {
  const { event, jobId, prev, data, returnvalue, failedReason, delay } = fields;
  if (event === undefined || jobId === undefined) return undefined;
  const about = { prev, data, returnvalue, failedReason, delay };
  return { ref: id, at: timeOfStreamId(id), event, jobId, ...about };
}
