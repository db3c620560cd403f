import type { Job } from "@jobcast/client";
import { useJobcast } from "@jobcast/client/react";
import { AlertDialog } from "radix-ui";
import { closeJob } from "../router.ts";
import { Button } from "../ui/button.tsx";
import { removeJob } from "./actions.ts";
import { nameOfJob } from "./kinds.ts";
import { askedToRemove } from "./removal.ts";

export interface RemoveDialogProps {
  job: Job | undefined;
  /** The job that is open meanwhile. */
  openId: string | undefined;
}

/** Asks whether a job is meant to go for good. */
export function RemoveDialog({ job, openId }: RemoveDialogProps) {
  const client = useJobcast();

  function remove(): void {
    if (job === undefined) return;
    // First, since what is open would be asked for once more as soon as it is gone.
    if (openId === job.jobId) closeJob();
    void removeJob(client, job);
  }

  return (
    <AlertDialog.Root
      open={job !== undefined}
      onOpenChange={(isOpen) => {
        if (!isOpen) askedToRemove.set(undefined);
      }}
    >
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="appear fixed inset-0 z-40 bg-black/40" />
        <AlertDialog.Content className="appear fixed inset-x-4 top-[30%] z-50 mx-auto max-w-sm rounded-xl border border-line bg-raised p-5 shadow-xl">
          <AlertDialog.Title className="font-semibold wrap-anywhere">
            Remove {job === undefined ? "" : `“${nameOfJob(job)}”`}?
          </AlertDialog.Title>
          <AlertDialog.Description className="mt-1 text-quiet">
            The job and its files go for good.
          </AlertDialog.Description>
          <div className="mt-5 flex justify-end gap-2">
            <AlertDialog.Cancel asChild>
              <Button>Keep</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button look="danger" onClick={remove}>
                Remove
              </Button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
