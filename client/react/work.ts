import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import {
  type Answer,
  type Job,
  type JobcastError,
  type JobRequest,
  type Upload,
  upload,
  type UploadOptions,
  type UploadState,
} from "../src/index.ts";
import { useJobcast } from "./provider.tsx";

export interface UseSubmit {
  submit(request: JobRequest): Promise<Answer<Job>>;
  /** How many calls have no answer yet. */
  pending: number;
  /** Of the last call that failed, until one succeeds. */
  error: JobcastError | undefined;
}

/** Hands work in. */
export function useSubmit(): UseSubmit {
  const client = useJobcast();
  const [pending, setPending] = useState(0);
  const [error, setError] = useState<JobcastError>();
  const submit = useCallback(
    async (request: JobRequest) => {
      setPending((n) => n + 1);
      const answer = await client.submit(request);
      setPending((n) => n - 1);
      setError(answer.ok ? undefined : answer.error);
      return answer;
    },
    [client],
  );
  return { submit, pending, error };
}

export interface UseUpload extends Omit<UploadState, "status"> {
  /** `idle` before the first. */
  status: UploadState["status"] | "idle";
  /** The last one that was begun. */
  current: Upload | undefined;
  start(file: Blob, options?: UploadOptions): Upload;
}

const IDLE = { status: "idle", sentBytes: 0, totalBytes: 0, error: null } as const;

/** Sends one file at a time, with its progress; one that is not done when the component goes is given up. */
export function useUpload(): UseUpload {
  const client = useJobcast();
  const [current, setCurrent] = useState<Upload>();
  const subscribe = useCallback(
    (listener: () => void) => current?.state.subscribe(listener) ?? (() => undefined),
    [current],
  );
  const state = useSyncExternalStore(
    subscribe,
    () => current?.state.get() ?? IDLE,
    () => IDLE,
  );
  useEffect(() => () => current?.cancel(), [current]);
  const start = useCallback(
    (file: Blob, options?: UploadOptions) => {
      const started = upload(client, file, options);
      setCurrent(started);
      return started;
    },
    [client],
  );
  return { ...state, current, start };
}
