import type { Job } from "../../contract/job.ts";
import { jobOfTopic } from "../../contract/names.ts";
import { JOB_GAUGE, type JobFact } from "../../contract/socket.ts";
import type { Caller } from "../../contract/tokens.ts";
import { JobcastError } from "../../errors.ts";
import { feedsOf, type JoinDeps } from "./join.ts";
import { type Message, say } from "./message.ts";
import type { Session } from "./session.ts";
import { follow, MAX_TOPICS } from "./subscribe.ts";
import { findWatched, type Watched } from "./watch.ts";

/** The jobs that `topics` names, a comma list. Fails with `not_found` where one is not for this caller, with `invalid` where they are too many. */
export async function findTopics(
  deps: Pick<JoinDeps, "jobs" | "records">,
  caller: Caller,
  topics: string,
): Promise<string[]> {
  const named = [...new Set(topics.split(",").filter((topic) => topic !== ""))];
  if (named.length > MAX_TOPICS) throw tooMany();
  const found = await Promise.all(named.map((topic) => findTopic(deps, caller, topic)));
  const feeds = feedsOf(caller);
  const others = found.filter(({ audience }) => !feeds.includes(audience));
  // Whoever were let in with more would be cut off at the last one, and come back for it again and again.
  if (feeds.length + others.length > MAX_TOPICS) throw tooMany();
  return found.map(({ jobId }) => jobId);
}

const tooMany = () =>
  new JobcastError("invalid", `At most ${MAX_TOPICS} topics a connection, its feeds included`);

async function findTopic(
  deps: Pick<JoinDeps, "jobs" | "records">,
  caller: Caller,
  topic: string,
): Promise<Watched> {
  const jobId = jobOfTopic(topic);
  const watched = jobId === undefined ? undefined : await findWatched(deps, caller, jobId);
  if (watched === undefined) throw new JobcastError("not_found", "No such topic");
  return watched;
}

/** As `subscribe` does, for those who cannot ask: each job is told as it is, if that `isNews`, and then what comes. */
export async function followTopics(
  deps: JoinDeps,
  session: Session,
  jobIds: string[],
  isNews: (job: Job) => boolean = () => true,
): Promise<void> {
  for (const jobId of jobIds) {
    const starts: (() => void)[] = [];
    const job = await follow(deps, session, jobId, (start) => starts.push(start));
    if (isNews(job)) session.outlet.send(sayState(job));
    for (const start of starts) start();
  }
}

/** What a job has come to, for those who may not have been told. */
export const sayState = (job: Job): Message => say(EVENTS[job.status], job);

const EVENTS: Record<Job["status"], JobFact | typeof JOB_GAUGE> = {
  queued: JOB_GAUGE,
  processing: JOB_GAUGE,
  completed: "job-completed",
  failed: "job-failed",
  cancelled: "job-cancelled",
};
