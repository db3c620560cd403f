import { Compile } from "typebox/compile";
import type { Job } from "../../contract/job.ts";
import { jobOfTopic, jobTopic } from "../../contract/names.ts";
import { SubscribeRequest, UnsubscribeRequest } from "../../contract/socket.ts";
import { JobcastError } from "../../errors.ts";
import { toScopedJob, toWireJob } from "../../jobs/present.ts";
import { feedsOf, type JoinDeps } from "./join.ts";
import type { Afterwards, Call } from "./receive.ts";
import { keepSeat, leaveSeat, type Session } from "./session.ts";
import { findWatched, watchJob } from "./watch.ts";

const isSubscribeRequest = Compile(SubscribeRequest);
const isUnsubscribeRequest = Compile(UnsubscribeRequest);

export const MAX_TOPICS = 100;

/** `subscribe {topic}`: follows a job; answers with the job as it is. */
export function createSubscribe(deps: JoinDeps): Call {
  return async (session, request, afterwards) => {
    if (!isSubscribeRequest.Check(request)) throw new JobcastError("invalid", "Malformed request");
    const { topic } = request;
    const jobId = jobOfTopic(topic);
    if (jobId === undefined) throw new JobcastError("not_found", "No such topic");
    return { topic, job: await follow(deps, session, jobId, afterwards) };
  };
}

/** Has the client hear of a job, once `afterwards` is called; resolves to the job as it is. */
export async function follow(
  deps: JoinDeps,
  session: Session,
  jobId: string,
  afterwards: Afterwards,
): Promise<Job> {
  const topic = jobTopic(jobId);
  const { caller } = session;
  const watched = await findWatched(deps, caller, jobId);
  if (watched === undefined) throw new JobcastError("not_found", "No such job");
  const { known, audience } = watched;
  const isHeardAlready = session.seats.has(topic) || feedsOf(caller).includes(audience);
  if (isHeardAlready)
    return toWireJob(caller.onlyJob === undefined ? known : toScopedJob(known), deps.sign);
  if (session.seats.size >= MAX_TOPICS)
    throw new JobcastError("invalid", `At most ${MAX_TOPICS} topics a connection`);
  const { job, seat } = await watchJob(deps, session, watched);
  keepSeat(session, topic, seat);
  afterwards(() => seat.start());
  return job;
}

/** `unsubscribe {topic}`: a topic that was never followed is left all the same. */
export const unsubscribe: Call = async (session, request) => {
  if (!isUnsubscribeRequest.Check(request)) throw new JobcastError("invalid", "Malformed request");
  if (jobOfTopic(request.topic) !== undefined) leaveSeat(session, request.topic);
  return {};
};
