import { isFinal, type Job } from "@jobcast/client";
import { useJobcast } from "@jobcast/client/react";
import { cancelJob, retryJob } from "../job/actions.ts";
import { IconButton } from "../ui/button.tsx";
import { CloseIcon, RemoveIcon, RetryIcon } from "../ui/icons.tsx";
import { askToRemove } from "../job/removal.ts";

export function RowActions({ job, name }: { job: Job; name: string }) {
  const client = useJobcast();
  if (!isFinal(job.status))
    return (
      <IconButton label={`Cancel ${name}`} onClick={() => void cancelJob(client, job)}>
        <CloseIcon />
      </IconButton>
    );
  const mayRetry = job.status === "failed" || job.status === "cancelled";
  return (
    <>
      {mayRetry && (
        <IconButton label={`Try ${name} again`} onClick={() => void retryJob(client, job)}>
          <RetryIcon />
        </IconButton>
      )}
      <IconButton
        label={`Remove ${name}`}
        onClick={() => askToRemove(job)}
        className={mayRetry ? "max-sm:hidden" : ""}
      >
        <RemoveIcon />
      </IconButton>
    </>
  );
}
