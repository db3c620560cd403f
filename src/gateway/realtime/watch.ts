import type { Job } from "../../contract/job.ts";
import type { Audience } from "../../contract/names.ts";
import type { Caller } from "../../contract/tokens.ts";
import type { Feeds } from "../../feeds/feeds.ts";
import type { Item, Listener } from "../../feeds/item.ts";
import type { Seat } from "../../feeds/seat.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import type { Outlook } from "../../jobs/outlook.ts";
import { type Sign, toScopedJob, toWireJob } from "../../jobs/present.ts";
import type { Records } from "../../jobs/records.ts";
import type { JobSnapshot, StoredJob } from "../../jobs/snapshot.ts";
import { type Message, say } from "./message.ts";
import type { Session } from "./session.ts";

export interface WatchDeps {
  feeds: Pick<Feeds, "join">;
  outlook: Pick<Outlook, "show">;
  sign: Sign;
}

/** A job that its caller may read. */
export interface Watched {
  jobId: string;
  /** The feed that tells of the job. */
  audience: Audience;
  /** The job as its caller may read it now; shown when no snapshot is kept any more. */
  known: StoredJob;
}

/** `undefined` for what does not exist or is not for this caller. */
export async function findWatched(
  { jobs, records }: { jobs: Pick<Jobs, "find">; records: Pick<Records, "read"> },
  caller: Caller,
  jobId: string,
): Promise<Watched | undefined> {
  const [found, entry] = await Promise.all([jobs.find(jobId, caller), records.read(jobId)]);
  const audience = entry?.record.audiences[0];
  if (found === undefined || audience === undefined) return undefined;
  return { jobId, audience, known: found.job };
}

/** Follows one job. It is no feed: what is heard carries no cursor, and nothing is replayed. Resolves to the job and the seat, which waits for `start`. */
export async function watchJob(
  { feeds, outlook, sign }: WatchDeps,
  session: Session,
  { jobId, audience, known }: Watched,
): Promise<{ job: Job; seat: Seat }> {
  const isScoped = session.caller.onlyJob !== undefined;
  const seat = await feeds.join({
    audience,
    jobId,
    listener: createWatcher(session, jobId, isScoped),
    drained: () => session.outlet.drained(),
    onLost: () => session.outlet.cut("lost"),
  });
  const told = seat.job === undefined ? known : snapshotJob(seat.job);
  const [stored = told] = await outlook.show([told]);
  return { job: toWireJob(isScoped ? toScopedJob(stored) : stored, sign), seat };
}

function snapshotJob(text: string): StoredJob {
  const snapshot: JobSnapshot = JSON.parse(text);
  return snapshot.job;
}

function createWatcher({ outlet }: Session, jobId: string, isScoped: boolean): Listener {
  return {
    hear(item) {
      if (item.kind === "resync" || item.jobId !== jobId) return;
      if (item.kind === "gauge") return outlet.sendGauge(jobId, watchedMessage(item, isScoped));
      outlet.dropGauge(jobId);
      outlet.send(watchedMessage(item, isScoped));
    },
  };
}

const plain = new WeakMap<Item, Message>();
const scoped = new WeakMap<Item, Message>();

/** What is said of a job to those who follow no more than that: without a place in a feed. */
function watchedMessage(item: Item & { event: string; data: string }, isScoped: boolean): Message {
  const cache = isScoped ? scoped : plain;
  const cached = cache.get(item);
  if (cached !== undefined) return cached;
  const { feed: _feed, cursor: _cursor, ...job } = JSON.parse(item.data);
  const message = say(item.event, isScoped ? toScopedJob(job) : job);
  cache.set(item, message);
  return message;
}
