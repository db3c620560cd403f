import { useEffect, useRef, useState } from "react";
import type { Job, JobcastError } from "../src/index.ts";
import { useJobcast } from "./provider.tsx";

/** Reads a job that the page does not know yet; says why it cannot. One that was known, and was removed, is not asked for again. */
export function useLoad(jobId: string | undefined, job: Job | undefined): JobcastError | undefined {
  const client = useJobcast();
  const [failed, setFailed] = useState<{ jobId: string; error: JobcastError }>();
  const known = useRef<string>(undefined);
  const isKnown = job !== undefined;
  useEffect(() => {
    if (isKnown) known.current = jobId;
    if (jobId === undefined || isKnown || known.current === jobId) return undefined;
    let isOver = false;
    void client.load(jobId).then((answer) => {
      if (!isOver && !answer.ok) setFailed({ jobId, error: answer.error });
    });
    return () => void (isOver = true);
  }, [client, jobId, isKnown]);
  return failed?.jobId === jobId && !isKnown ? failed?.error : undefined;
}
