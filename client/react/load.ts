import { useEffect, useState } from "react";
import type { Job, JobcastError } from "../src/index.ts";
import { useJobcast } from "./provider.tsx";

/** Reads a job that the page does not know yet; resolves to why it cannot. */
export function useLoad(jobId: string | undefined, job: Job | undefined): JobcastError | undefined {
  const client = useJobcast();
  const [failed, setFailed] = useState<{ jobId: string; error: JobcastError }>();
  const isKnown = job !== undefined;
  useEffect(() => {
    if (jobId === undefined || isKnown) return undefined;
    let isOver = false;
    void client.load(jobId).then((answer) => {
      if (!isOver && !answer.ok) setFailed({ jobId, error: answer.error });
    });
    return () => void (isOver = true);
  }, [client, jobId, isKnown]);
  return failed?.jobId === jobId && !isKnown ? failed?.error : undefined;
}
