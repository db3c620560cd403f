import { isFinal, type Job } from "@jobcast/client";
import { useJobcast } from "@jobcast/client/react";
import { Button } from "../ui/button.tsx";
import { CloseIcon, RemoveIcon, RetryIcon } from "../ui/icons.tsx";
import { cancelJob, retryJob } from "./actions.ts";
import { askToRemove } from "./removal.ts";

export function JobActions({ job }: { job: Job }) {
  const client = useJobcast();
  const { status } = job;
  return (
    <div className="ml-auto flex flex-wrap gap-2">
      {(status === "failed" || status === "cancelled") && (
        <Button
          look={job.error?.retryable === false ? "plain" : "main"}
          onClick={() => void retryJob(client, job)}
        >
          <RetryIcon /> Try again
        </Button>
      )}
      {isFinal(status) ? (
        <Button onClick={() => askToRemove(job)}>
          <RemoveIcon /> Remove
        </Button>
      ) : (
        <Button onClick={() => void cancelJob(client, job)}>
          <CloseIcon /> Cancel
        </Button>
      )}
    </div>
  );
}
