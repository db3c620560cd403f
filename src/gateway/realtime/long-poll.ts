import type { EventsAnswer } from "../../contract/http.ts";
import type { Job } from "../../contract/job.ts";
import { jobTopic } from "../../contract/names.ts";
import type { Caller } from "../../contract/tokens.ts";
import { toWireJob } from "../../jobs/present.ts";
import { randomToken } from "../../lib/random.ts";
import { sleep } from "../../lib/sleep.ts";
import { type Collector, createCollector } from "./collector.ts";
import { openSession, type SessionDeps } from "./identify.ts";
import { joinFeeds, type JoinDeps, welcome } from "./join.ts";
import type { Cursors } from "./message.ts";
import { OWN, type Shown, type Standing, toOpaque } from "./opaque.ts";
import { closeSession, type Session } from "./session.ts";
import { findTopics, followTopics, sayState } from "./topics.ts";

export interface LongPollsDeps extends JoinDeps, Pick<SessionDeps, "connections" | "ticker"> {
  /** Whether whoever waits would be in the way. */
  isCrowded: () => boolean;
}

export interface PollRequest {
  caller: Caller;
  /** `undefined` when no cursor was given: then the client is welcomed. */
  standing: Standing | undefined;
  /** A comma list. */
  topics: string;
  waitMs: number;
  /** Fires when the client hangs up. */
  signal: AbortSignal;
}

/**
 * Events by question and answer. Facts come exactly once to whoever gives the cursor of the last answer back. Of jobs that are open, what has changed since
 * that answer is told as `job-progress`, so that a client which is not there most of the time follows them all the same.
 */
export interface LongPolls {
  /** Those that wait. */
  readonly size: number;
  ask(request: PollRequest): Promise<EventsAnswer>;
  /** Has all who wait be answered now. */
  release(): void;
}

/** While a node is full or leaves: long enough that nobody asks as fast as they are answered. */
const CROWDED_WAIT_MS = 1000;
/** What belongs to a fact, on another feed or of the next step, comes with it. */
const LINGER_MS = 20;
/** Progress comes ten times a second: not worth a question each. */
const GATHER_MS = 500;
/** In ms: when a plain poller should come again while there is more to read, a job of its user runs, or one waits. */
const POLL_AFTER = { more: 1, processing: 3000, queued: 10_000, nothing: 0 };

export function createLongPolls(deps: LongPollsDeps): LongPolls {
  const waiting = new Set<Collector>();

  async function ask(request: PollRequest): Promise<EventsAnswer> {
    const { caller, standing, topics, signal } = request;
    const named = await findTopics(deps, caller, topics);
    const jobIds = caller.onlyJob === undefined ? named : [caller.onlyJob];
    const cursors = { ...standing?.cursors };
    const wire = createCollector(cursors);
    signal.addEventListener("abort", wire.close, { once: true });
    const cursorOf = standing?.cursorOf ?? (() => undefined);
    const session = await openSession(caller, { id: randomToken(10), cursorOf, wire }, deps);
    try {
      const joining = join(session, wire, cursors, { ...request, jobIds });
      // Whoever is full leaves before the rest is joined.
      joining.catch(() => undefined);
      const found = await Promise.race([joining, wire.full.then(() => undefined)]);
      if (found !== undefined && wire.messages.length === 0) await wait(wire, request.waitMs);
      return toAnswer(wire, { cursors, shown: standing?.shown ?? {}, jobIds, found });
    } finally {
      wire.close();
      closeSession(session);
    }
  }

  /** Resolves to the open jobs of the client's own, as they were before what it has yet to hear. */
  async function join(
    session: Session,
    wire: Collector,
    cursors: Cursors,
    { standing, jobIds, waitMs }: PollRequest & { jobIds: string[] },
  ): Promise<Job[]> {
    if (standing === undefined) {
      await welcome(deps, session);
      // A job's token is welcomed with its job.
      if (session.caller.onlyJob === undefined) await followTopics(deps, session, jobIds);
      return [];
    }
    const { seats, open, cursors: places } = await joinFeeds(deps, session);
    Object.assign(cursors, places);
    const jobs = open.map((job) => toWireJob(job, deps.sign));
    const { shown } = standing;
    const isNew = ({ updatedAt }: Job) => updatedAt > (shown[OWN] ?? "");
    // Places in line change without a mark, so they are told with what there is to tell.
    const hasNews = wire.messages.length > 0 || jobs.some(isNew) || waitMs === 0;
    const told = hasNews ? jobs.filter((job) => isNew(job) || job.status === "queued") : [];
    for (const job of told.toReversed()) wire.write(sayState(job));
    for (const seat of seats) seat.start();
    const hasChanged = ({ jobId, updatedAt }: Job) => updatedAt !== shown[jobTopic(jobId)];
    await followTopics(deps, session, jobIds, hasChanged);
    return jobs;
  }

  async function wait(wire: Collector, askedMs: number): Promise<void> {
    const waitMs = deps.isCrowded() ? Math.min(askedMs, CROWDED_WAIT_MS) : askedMs;
    if (waitMs === 0) return;
    const over = new AbortController();
    waiting.add(wire);
    try {
      await Promise.race([wire.heard, wire.closed, sleep(waitMs, over.signal)]);
      if (wire.messages.length === 0) return;
      await Promise.race([wire.heardFact, wire.closed, sleep(GATHER_MS, over.signal)]);
      await Promise.race([wire.closed, sleep(LINGER_MS, over.signal)]);
    } finally {
      over.abort();
      waiting.delete(wire);
    }
  }

  return {
    get size() {
      return waiting.size;
    },
    ask,
    release() {
      for (const wire of waiting) wire.close();
    },
  };
}

interface Collected {
  cursors: Cursors;
  shown: Shown;
  /** Jobs followed by name. */
  jobIds: string[];
  /** Open jobs as they were before the events; without them there is more to read at once. */
  found: Job[] | undefined;
}

function toAnswer(
  { messages }: Collector,
  { cursors, shown, jobIds, found }: Collected,
): EventsAnswer {
  const events = messages.map(({ event, data }) => ({ event, data: JSON.parse(data) }));
  const told = events.flatMap(({ event, data }) => (event === "ready" ? data.jobs : [data]));
  const jobs = new Map<string, Job>();
  for (const job of [...(found ?? []), ...told.filter(isJob)]) jobs.set(job.jobId, job);
  const newest = Array.from(jobs.values(), ({ updatedAt }) => updatedAt);
  const followed = jobIds.flatMap((jobId) => {
    const at = jobs.get(jobId)?.updatedAt ?? shown[jobTopic(jobId)];
    return at === undefined ? [] : [[jobTopic(jobId), at]];
  });
  return {
    events,
    cursor: toOpaque(cursors, {
      ...Object.fromEntries(followed),
      [OWN]: newest.reduce(later, shown[OWN] ?? ""),
    }),
    cursors,
    pollAfter: POLL_AFTER[found === undefined ? "more" : paceOf([...jobs.values()])],
  };
}

const later = (a: string, b: string): string => (a > b ? a : b);

const isJob = (data: Partial<Job>): data is Job =>
  data.jobId !== undefined && data.status !== undefined && data.updatedAt !== undefined;

function paceOf(jobs: Job[]): "processing" | "queued" | "nothing" {
  if (jobs.some(({ status }) => status === "processing")) return "processing";
  return jobs.some(({ status }) => status === "queued") ? "queued" : "nothing";
}
