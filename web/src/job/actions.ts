import type { Answer, Job, Jobcast } from "@jobcast/client";
import { toast } from "sonner";

/** Jobs whose end this page asked for: whoever clicked needs no message of it. */
const stopped = new Set<string>();

export const wasStoppedHere = (jobId: string): boolean => stopped.has(jobId);

export async function cancelJob(client: Jobcast, { jobId }: Job): Promise<void> {
  stopped.add(jobId);
  told(await client.cancel(jobId), "The job could not be cancelled");
}

export async function retryJob(client: Jobcast, { jobId }: Job): Promise<void> {
  stopped.delete(jobId);
  told(await client.retry(jobId), "The job could not be started again");
}

export async function removeJob(client: Jobcast, { jobId }: Job): Promise<void> {
  told(await client.remove(jobId), "The job could not be removed");
}

function told(answer: Answer<unknown>, problem: string): void {
  if (!answer.ok) toast.error(problem, { description: answer.error.message });
}
