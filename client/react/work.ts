import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import type { Answer, Job, JobcastError, JobRequest, Upload, UploadState } from "../src/index.ts";
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

export interface UseUpload extends UploadState {
  upload: Upload | undefined;
  start(file: Blob): Upload;
}

const IDLE: UploadState = { status: "waiting", sentBytes: 0, totalBytes: 0, error: null };

/** Sends one file at a time, with its progress; one that is not done when the component goes is given up. */
export function useUpload(): UseUpload {
  const client = useJobcast();
  const [upload, setUpload] = useState<Upload>();
  const subscribe = useCallback(
    (listener: () => void) => upload?.state.subscribe(listener) ?? (() => undefined),
    [upload],
  );
  const state = useSyncExternalStore(
    subscribe,
    () => upload?.state.get() ?? IDLE,
    () => IDLE,
  );
  useEffect(() => () => upload?.cancel(), [upload]);
  const start = useCallback(
    (file: Blob) => {
      const started = client.upload(file);
      setUpload(started);
      return started;
    },
    [client],
  );
  return { ...state, upload, start };
}
