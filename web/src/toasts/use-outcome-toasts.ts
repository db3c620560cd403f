import type { Job, Jobcast } from "@jobcast/client";
import { useEffect } from "react";
import { toast } from "sonner";
import { plural } from "../format/plural.ts";
import { wasStoppedHere } from "../job/actions.ts";
import { nameOfJob } from "../job/kinds.ts";
import { openJob } from "../router.ts";

/** Outcomes that come together are told together. */
const TOGETHER_MS = 300;
const MOST_SINGLE = 2;

/** A message for each outcome, once: not again after a reload, and one for all where many come at once. */
export function useOutcomeToasts(client: Jobcast | undefined): void {
  useEffect(() => {
    if (client === undefined) return undefined;
    let waiting: Job[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    function tellAll(): void {
      const jobs = waiting;
      waiting = [];
      timer = undefined;
      if (jobs.length > MOST_SINGLE) tellMany(jobs);
      else jobs.forEach(tellOne);
    }
    const stop = client.jobs.onOutcome((job) => {
      if (!client.tellOnce(job) || (job.status === "cancelled" && wasStoppedHere(job.jobId)))
        return;
      waiting.push(job);
      timer ??= setTimeout(tellAll, TOGETHER_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [client]);
}

function tellOne(job: Job): void {
  const { jobId, status, error } = job;
  const name = nameOfJob(job);
  const more = { id: jobId, action: { label: "Open", onClick: () => openJob(jobId) } };
  if (status === "completed") toast.success(`${name} is done`, more);
  else if (status === "failed")
    toast.error(`${name} failed`, { ...more, description: error?.message, duration: 10_000 });
  else toast.info(`${name} was cancelled`, more);
}

function tellMany(jobs: readonly Job[]): void {
  const count = (status: Job["status"]): number =>
    jobs.filter((job) => job.status === status).length;
  const [done, failed, cancelled] = [count("completed"), count("failed"), count("cancelled")];
  const parts = [
    ...(done > 0 ? [`${done} done`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
  ];
  const tell = failed > 0 ? toast.error : toast.success;
  tell(`${plural(jobs.length, "job")}: ${parts.join(", ")}`);
}
