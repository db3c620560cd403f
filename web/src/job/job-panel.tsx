import { Dialog } from "radix-ui";
import { useRef } from "react";
import { closeJob, pathOfJob } from "../router.ts";
import { IconButton } from "../ui/button.tsx";
import { CloseIcon } from "../ui/icons.tsx";
import { JobDetails } from "./job-details.tsx";

/** A job, beside the list on a wide screen, over it on a phone. Its address is its own. */
export function JobPanel({ jobId }: { jobId: string | undefined }) {
  const content = useRef<HTMLDivElement>(null);
  const last = useRef(jobId);
  if (jobId !== undefined) last.current = jobId;
  return (
    <Dialog.Root
      open={jobId !== undefined}
      onOpenChange={(isOpen) => {
        if (!isOpen) closeJob();
      }}
    >
      <Dialog.Portal>
        <Dialog.Overlay className="appear fixed inset-0 z-30 bg-black/30" />
        <Dialog.Content
          ref={content}
          aria-describedby={undefined}
          // To the whole of it, which is read out by its title, and not to a button.
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            content.current?.focus();
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            focusRow(last.current);
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
            {jobId !== undefined && <JobDetails key={jobId} jobId={jobId} />}
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** Back to where one came from, if it is still drawn. */
function focusRow(jobId: string | undefined): void {
  const rows = document.querySelectorAll<HTMLAnchorElement>("a[data-row]");
  const path = pathOfJob(jobId ?? "");
  [...rows].find((row) => row.pathname === path)?.focus({ preventScroll: true });
}
