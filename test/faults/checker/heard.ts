import type { Cursor } from "../../../src/contract/cursor.ts";
import { parseCursor } from "../../../src/contract/cursor.ts";

/** Something that a device heard, or read over HTTP, as far as the checker looks at it. */
export interface Heard {
  /** Of an event; `state` of what was read over HTTP after a `resync`; `dismissed` when a server sent the device away for good. */
  event: string;
  /** ms since 1970. */
  at: number;
  /** How many times the device had connected by then. */
  connection: number;
  /** Until when the token was good that the connection was opened with, ms since 1970. */
  goodUntil: number;
  /** Until when the device last stayed away by its own will, ms since 1970. */
  backAt: number;
  /** Of a fact; `eventId` tells it from whatever else names a feed. */
  feed?: string;
  cursor?: Cursor;
  eventId?: string;
  /** When the fact was made, ms since 1970. */
  madeAt?: number;
  /** Of what tells of a job. */
  jobId?: string;
  userId?: string | null;
  status?: string;
  attempt?: number;
  progress?: number;
  /** Of `ready`: where it stands in each feed, and the jobs that are open. */
  stands?: Record<string, Cursor | undefined>;
  open?: string[];
}

interface Data {
  feed?: string;
  cursor?: string;
  cursors?: Record<string, string>;
  eventId?: string;
  at?: string;
  jobId?: string;
  userId?: string | null;
  status?: string;
  attempt?: number;
  progress?: number;
  jobs?: { jobId: string }[];
  node?: string;
}

export type Told = Pick<Heard, "at" | "connection" | "goodUntil" | "backAt">;

/** Keeps of an event what is checked: hundreds of devices write down all that they hear. */
export function toHeard(event: string, data: Data, told: Told): Heard {
  if (event === "ready") {
    const stands = Object.entries(data.cursors ?? {}).map(([feed, cursor]) => [
      feed,
      parseCursor(cursor),
    ]);
    const open = (data.jobs ?? []).map(({ jobId }) => jobId);
    return { event, ...told, stands: Object.fromEntries(stands), open };
  }
  const { feed, eventId, jobId, userId, status, attempt, progress } = data;
  const cursor = parseCursor(data.cursor);
  const known = Object.entries({ feed, cursor, eventId, jobId, userId, status, attempt, progress });
  return {
    event,
    ...told,
    ...(data.at === undefined ? {} : { madeAt: Date.parse(data.at) }),
    ...Object.fromEntries(known.filter(([, value]) => value !== undefined)),
  };
}

export const isFact = ({ eventId, cursor, event }: Heard): boolean =>
  eventId !== undefined && cursor !== undefined && event !== "resync";

/** Whether it tells of a job; `ready` and what is no event of a job do not. */
export const tellsOfJob = ({ event, jobId }: Heard): boolean =>
  event.startsWith("job-") && jobId !== undefined;

export const isOutcome = ({ event }: Heard): boolean =>
  event === "job-completed" || event === "job-failed" || event === "job-cancelled";
