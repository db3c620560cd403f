import type { Answer } from "./answer.ts";
import { createCell, createListeners, type Readable } from "./cell.ts";
import { type ConnectionState, createConnection } from "./connection.ts";
import { createCursors } from "./cursors.ts";
import { createHttp } from "./http.ts";
import { createJobStore, type Jobs, type JobStore, isFinal } from "./jobs.ts";
import { createKeeping, type Keeper } from "./memory.ts";
import { createTokens, type TokenSource } from "./token.ts";
import type { Data } from "./transports/transport.ts";
import type { Batch, Job, JobRequest, QueueStatus } from "./types.ts";
import { type Upload, type UploadOptions, upload } from "./upload.ts";

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

export interface SubmitOptions {
  /** Makes calls with one key one job. Left out, a submit has a key of its own, so that it can be repeated when an answer was lost. */
  key?: string;
  signal?: AbortSignal;
}

/** Of `list`: one page of the history, the newest first. */
export interface ListOptions {
  status?: string;
  type?: string;
  limit?: number;
  cursor?: string;
  signal?: AbortSignal;
}

/** What a page needs to hand work in, and to see what becomes of it. Nothing of it throws. */
export interface Jobcast {
  connection: Readable<ConnectionState>;
  jobs: Jobs;
  /** How busy the queues are, as far as the gateway says. */
  queueStatus: Readable<QueueStatus | undefined>;
  connect(): void;
  close(): void;
  submit(request: JobRequest, options?: SubmitOptions): Promise<Answer<Job>>;
  cancel(jobId: string): Promise<Answer<Job>>;
  retry(jobId: string): Promise<Answer<Job>>;
  /** Of a finished job, with its files. */
  remove(jobId: string): Promise<Answer<undefined>>;
  load(jobId: string): Promise<Answer<Job>>;
  list(options?: ListOptions): Promise<Answer<{ items: Job[]; nextCursor: string | null }>>;
  upload(file: Blob, options?: UploadOptions): Upload;
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
      cursors.take({ [feed]: cursor });
      void catchUp(feed);
    } else if (typeof feed === "string" && typeof cursor === "string") {
      if (!cursors.advance(feed, cursor) && event !== "subscribed") return;
      keep();
    }
    take(event, data);
    events.call(event, data);
  }

  function take(event: string, data: Data): void {
    if (event === "ready") {
      cursors.take(data["cursors"] as Record<string, string>);
      keep();
      jobs.take(data["jobs"] as Job[], "event");
    } else if (event.startsWith("job-")) jobs.take([data as unknown as Job], "event");
    else if (event.startsWith("batch-")) batches.call(data as unknown as Batch);
    else if (event === "queue-status") queueStatus.set(data as unknown as QueueStatus);
  }

  /** What could not be replayed: all that was open as far as the page knows, and all that is. */
  async function catchUp(feed: string): Promise<void> {
    const open = jobs.list.get().filter((job) => !isFinal(job.status));
    const known = new Set(open.map(({ jobId }) => jobId));
    const page = await http.json<{ items: Job[] }>("/api/jobs?limit=200");
    if (!page.ok) return void setTimeout(() => void catchUp(feed), AGAIN_MS);
    jobs.take(page.value.items, "answer");
    for (const { jobId } of page.value.items) known.delete(jobId);
    for (const jobId of known) await load(jobId);
  }

  const connection = createConnection({
    url,
    tokens,
    cursors: cursors.all,
    onEvent: hear,
    onUp: () => undefined,
  });

  async function taken(asking: Promise<Answer<Job>>): Promise<Answer<Job>> {
    const answer = await asking;
    if (answer.ok) jobs.take([answer.value], "answer");
    return answer;
  }

  const pathOf = (jobId: string): string => `/api/jobs/${encodeURIComponent(jobId)}`;

  async function load(jobId: string): Promise<Answer<Job>> {
    const answer = await taken(http.json<Job>(pathOf(jobId)));
    if (!answer.ok && answer.error.status === 404) jobs.drop(jobId);
    return answer;
  }

  return {
    connection: connection.state,
    jobs,
    queueStatus,
    connect: connection.connect,
    close: connection.close,
    submit: (request, { key = crypto.randomUUID(), signal } = {}) =>
      taken(
        http.json<Job>("/api/jobs", {
          method: "POST",
          body: request,
          headers: { "idempotency-key": key },
          isRepeatable: true,
          signal,
        }),
      ),
    cancel: (jobId) =>
      taken(http.json<Job>(`${pathOf(jobId)}/cancel`, { method: "POST", isRepeatable: true })),
    retry: (jobId) => taken(http.json<Job>(`${pathOf(jobId)}/retry`, { method: "POST" })),
    async remove(jobId) {
      const answer = await http.json<undefined>(pathOf(jobId), { method: "DELETE" });
      if (answer.ok || answer.error.status === 404) jobs.drop(jobId);
      return answer;
    },
    load,
    async list({ signal, ...filter } = {}) {
      const asked = Object.entries(filter).map(([name, value]) => [name, `${value}`]);
      const query = new URLSearchParams(asked);
      const answer = await http.json<{ items: Job[]; nextCursor: string | null }>(
        `/api/jobs?${query}`,
        { signal },
      );
      if (answer.ok) jobs.take(answer.value.items, "answer");
      return answer;
    },
    upload: (file, options = {}) => upload(http, file, options),
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

/** After a `resync`, when the state cannot be read, ms. */
const AGAIN_MS = 5000;
