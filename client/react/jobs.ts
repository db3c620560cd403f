import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import {
  type ConnectionState,
  isFinal,
  type Job,
  type JobcastError,
  type QueueStatus,
  type Readable,
} from "../src/index.ts";
import { useLoad } from "./load.ts";
import { useJobcast } from "./provider.tsx";

const useReadable = <Value>({ get, subscribe }: Readable<Value>, onServer = get): Value =>
  useSyncExternalStore(subscribe, get, onServer);

/** How the page is connected. */
export const useConnection = (): ConnectionState => useReadable(useJobcast().connection);

/** How busy the queues are; `undefined` until the gateway has said so, which it does to whoever waits. */
export const useQueueStatus = (): QueueStatus | undefined => useReadable(useJobcast().queueStatus);

export interface UseJobsOptions {
  /** Which jobs to show; all that the page knows when left out. Need not be memoised. */
  where?: (job: Job) => boolean;
}

const NONE: readonly Job[] = [];

/** The jobs that the page knows, the newest first. Draws anew when one of those shown has changed, at most once a frame. */
export function useJobs({ where }: UseJobsOptions = {}): readonly Job[] {
  const { jobs } = useJobcast();
  const shown = useRef(NONE);
  const all = useReadable(jobs.list, () => NONE);
  return useMemo(() => {
    const next = where === undefined ? all : all.filter(where);
    const isSame =
      next.length === shown.current.length && next.every((job, i) => job === shown.current[i]);
    return isSame ? shown.current : (shown.current = next);
  }, [all, where]);
}

export interface UseJobOptions {
  /** The outcome, exactly once, also when it came while the page was closed. */
  onComplete?: (job: Job) => void;
}

export interface UseJob {
  /** `undefined` while it is not known. */
  job: Job | undefined;
  /** Why it cannot be read. */
  error: JobcastError | undefined;
}

/** One job: read when the page does not know it, and followed. Draws anew when this job has changed. */
export function useJob(jobId: string | undefined, { onComplete }: UseJobOptions = {}): UseJob {
  const client = useJobcast();
  const { jobs } = client;
  const subscribe = useCallback(
    (listener: () => void) => (jobId === undefined ? () => undefined : jobs.watch(jobId, listener)),
    [jobs, jobId],
  );
  const get = (): Job | undefined => (jobId === undefined ? undefined : jobs.get(jobId));
  const job = useSyncExternalStore(subscribe, get, () => undefined);
  const error = useLoad(jobId, job);
  const latest = useRef(onComplete);
  useEffect(() => void (latest.current = onComplete));
  const isOver = job !== undefined && isFinal(job.status);
  useEffect(() => {
    if (isOver && latest.current !== undefined && client.tellOnce(job)) latest.current(job);
  }, [client, isOver, job]);
  return { job, error };
}
