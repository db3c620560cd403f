import { type Calls, createCalls } from "./calls.ts";
import { createCatchUp } from "./catch-up.ts";
import { createCell, createListeners, type Readable } from "./cell.ts";
import { type ConnectionState, createConnection } from "./connection.ts";
import { createCursors } from "./cursors.ts";
import { createHttp, type Http } from "./http.ts";
import { createJobStore, type Jobs } from "./jobs.ts";
import { createKeeping, type Keeper } from "./memory.ts";
import { createTokens, type TokenSource } from "./token.ts";
import { believe, type Data } from "./transports/transport.ts";
import type { Batch, Job, QueueStatus, Ready } from "./types.ts";

export interface JobcastOptions {
  /** Of the gateway, or of the load balancer before it; the page's own origin when left out. */
  url?: string;
  token: TokenSource;
  /**
   * Where to keep, across reloads, what was heard: `sessionStorage` for a tab, `localStorage` for all of them. Left out, a reloaded page begins with what is
   * open now, and hears of what ended meanwhile only when it asks.
   */
  remember?: Keeper;
  /** Tells users of one page apart in what is kept. */
  user?: string;
}

/** What a page needs to hand work in, and to see what becomes of it. Nothing of it throws. */
export interface Jobcast extends Calls {
  connection: Readable<ConnectionState>;
  jobs: Jobs;
  /** How busy the queues are, as far as the gateway says. */
  queueStatus: Readable<QueueStatus | undefined>;
  connect(): void;
  close(): void;
  /** For calls that the kit has no name for, with its token. */
  http: Http;
  /** Calls back for every event, also those that the kit knows nothing of. */
  onEvent(listener: (event: string, data: Data) => void): () => void;
  onBatch(listener: (batch: Batch) => void): () => void;
  /** Whether this outcome is told here for the first time: what it remembers outlives a reload where that is asked for. */
  tellOnce(job: Job): boolean;
}

const MOST_TOLD = 500;

/** Connects when `connect` is called; a page may be drawn on a server without. */
export function createJobcast({ url = "", token, remember, user = "" }: JobcastOptions): Jobcast {
  const keeping = createKeeping(remember, `jobcast:${url}:${user}`);
  const kept = keeping.read();
  const tokens = createTokens(token);
  const http = createHttp(url, tokens);
  const jobs = createJobStore();
  const calls = createCalls(http, jobs);
  const catchUp = createCatchUp(calls, jobs);
  const cursors = createCursors(kept.cursors);
  const told = new Set(kept.told);
  const queueStatus = createCell<QueueStatus | undefined>(undefined);
  const events = createListeners<[string, Data]>();
  const batches = createListeners<[Batch]>();

  const keep = (): void =>
    keeping.write(() => ({ cursors: cursors.all(), told: [...told].slice(-MOST_TOLD) }));

  function hear(event: string, data: Data): void {
    const { feed, cursor } = data;
    if (event === "resync" && typeof feed === "string" && typeof cursor === "string") {
      cursors.jump(feed, cursor);
      void catchUp.all();
    } else if (typeof feed === "string" && typeof cursor === "string") {
      if (!cursors.advance(feed, cursor) && event !== "subscribed") return;
      keep();
    }
    take(event, data);
    events.call(event, data);
  }

  function take(event: string, data: Data): void {
    if (event === "ready") {
      const ready = believe<Ready>(data);
      cursors.join(ready.cursors);
      keep();
      jobs.take(ready.jobs, "event");
      if (!ready.recovered) void catchUp.open(ready.jobs);
    } else if (event.startsWith("job-")) jobs.take([toJob(data)], "event");
    else if (event.startsWith("batch-")) batches.call(believe<Batch>(data));
    else if (event === "queue-status") queueStatus.set(believe<QueueStatus>(data));
  }

  const connection = createConnection({
    url,
    tokens,
    cursors: cursors.all,
    onEvent: hear,
  });

  return {
    connection: connection.state,
    jobs,
    queueStatus,
    connect: connection.connect,
    close: connection.close,
    ...calls,
    http,
    onEvent: events.add,
    onBatch: batches.add,
    tellOnce({ jobId, finishedAt }) {
      const outcome = `${jobId} ${finishedAt}`;
      if (told.has(outcome)) return false;
      told.add(outcome);
      keep();
      return true;
    },
  };
}

/** Without what makes it a fact. */
function toJob({ feed: _feed, cursor: _cursor, at: _at, eventId: _eventId, ...job }: Data): Job {
  return believe<Job>(job);
}
