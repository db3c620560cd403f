/** A separate waiting line of a type of jobs, with capacity of its own. */
export type Lane = "premium" | "normal" | "large";

/** The last three are final: nothing more is said of a run. */
export type JobStatus = "queued" | "processing" | "completed" | "failed" | "cancelled";

/** Why a job failed. */
export interface JobError {
  code: string;
  /** For the user to read: no path, stack or secret. */
  message: string;
  /** Whether a new try may succeed. */
  retryable: boolean;
}

/** A file of a result, by a signed link. */
export interface ResultFile {
  name: string;
  /** Absolute when the gateway knows its public address. Each read of the job signs anew. */
  url: string;
  contentType: string;
  bytes: number;
  /** ISO 8601. */
  expiresAt: string;
}

/** One piece of slow work. Times are ISO 8601, in UTC; what is absent is `null`. */
export interface Job {
  jobId: string;
  /** `image`, `pdf`, `transcription`, `analysis`, `external`, or a type of your own. */
  type: string;
  userId: string | null;
  lane: Lane;
  status: JobStatus;
  /** In percent; never goes back within an attempt. */
  progress: number;
  /** One line: "resizing", "page 3 of 12"; while queued, why it waits. */
  step: string | null;
  /** The newest 500 characters of a transcript, while it grows. */
  partial: { text: string } | null;
  /** 1 is next; `null` once started, and while delayed. */
  queuePosition: number | null;
  /** Seconds until completed. */
  estimatedTime: number | null;
  /** The run that this is, from 1; 0 before the first. */
  attempt: number;
  maxAttempts: number;
  caseId: string | null;
  batchId: string | null;
  /** Of the job that this one follows. */
  parentId: string | null;
  /** Given back unread. */
  metadata: Record<string, string>;
  input: { name: string | null; bytes: number | null; contentType: string | null };
  /** By type; `files`, where there are any, are of `ResultFile`. */
  result: Record<string, unknown> | null;
  error: JobError | null;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  /** The time of the event that this state is of. */
  updatedAt: string;
}

/** What is handed in. `input` and `options` are by type: see the gateway's own page of its API, `/docs`. */
export interface JobRequest {
  type: string;
  input: Record<string, unknown>;
  options?: Record<string, unknown>;
  /** Chosen by size and plan when left out. */
  lane?: Lane;
  /** In ms, at most 30 days. */
  delay?: number;
  /** At most 20 keys, 2 KiB. */
  metadata?: Record<string, string>;
  /** `false` when nobody is to be notified of the outcome. */
  notify?: boolean;
  /** Requests that are run when this one has succeeded; their input may be `{from: "parent", file?: "<name>"}`. */
  then?: Record<string, unknown>[];
  /** Whose job it is to be: of services and administrators. */
  userId?: string;
}

/** Jobs that were asked for together, and those that follow them. */
export interface Batch {
  batchId: string;
  userId: string | null;
  name: string | null;
  caseId: string | null;
  /** Jobs that follow others count from the start. */
  total: number;
  counts: Record<JobStatus, number>;
  /** In percent: the mean of its jobs, of which one that has ended counts in full. */
  progress: number;
  status: "open" | "finished";
  createdAt: string;
  finishedAt: string | null;
}

/** Of one lane, over all types. */
export interface LaneStatus {
  waiting: number;
  active: number;
  /** In minutes, from queued to started, over the last 15. */
  avgWaitTime: number;
}

/** How busy the queues are. */
export interface QueueStatus {
  premium: LaneStatus;
  normal: LaneStatus;
  large: LaneStatus;
  /** Slots, over all types. */
  totalWorkers: number;
  /** Slots that have a job. */
  activeWorkers: number;
}

/** What a gateway says when a connection stands, and all that was missed has been said. */
export interface Ready {
  userId: string | null;
  sessionId: string;
  protocol: 1;
  /** Places were given, and all was replayed. */
  recovered: boolean;
  /** By feed. */
  cursors: Record<string, string>;
  /** The same in one. */
  cursor: string;
  /** Open ones, the newest 100. */
  jobs: Job[];
  openJobs: number;
  unread: number;
  node: string;
}

/** A feed could not be replayed: the state is to be fetched, and goes on from `cursor`. */
export interface Resync {
  feed: string;
  cursor: string;
  reason: "expired" | "epoch" | "unknown";
}
