import { lazy, Suspense } from "react";
import { Dialog } from "radix-ui";
import { closeJob, useRoute } from "../router.ts";
import { IconButton } from "../ui/button.tsx";
import { CloseIcon } from "../ui/icons.tsx";

const JobDetails = lazy(async () => ({ default: (await import("./job-details.tsx")).JobDetails }));

/** A job, beside the list on a wide screen, over it on a phone. Its address is its own. */
export function JobPanel() {
  const { jobId } = useRoute();
  return (
    <Dialog.Root open={jobId !== undefined} onOpenChange={(isOpen) => !isOpen && closeJob()}>
      <Dialog.Portal>
        <Dialog.Overlay className="appear fixed inset-0 z-30 bg-black/30" />
        <Dialog.Content
          aria-describedby={undefined}
          // The first thing in it is its name, and not a button.
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            if (event.target instanceof HTMLElement) event.target.focus();
          }}
          className="slide-in fixed inset-y-0 right-0 z-30 w-full overflow-y-auto overscroll-contain border-l border-line bg-surface outline-none sm:max-w-2xl"
        >
          <Dialog.Title className="sr-only">Job</Dialog.Title>
          <Dialog.Close asChild>
            <IconButton label="Close" className="absolute top-4 right-4">
              <CloseIcon />
            </IconButton>
          </Dialog.Close>
          <div className="p-5 sm:p-6">
            <Suspense>{jobId !== undefined && <JobDetails key={jobId} jobId={jobId} />}</Suspense>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
