import type { JobStatus } from "@jobcast/client";
import { CancelledIcon, DoneIcon, FailedIcon, RunningIcon, WaitingIcon } from "../ui/icons.tsx";

interface StatusLook {
  word: string;
  Icon: typeof DoneIcon;
  color: string;
}

/** A status has a word, an icon and a colour, so that none of them is needed to tell it. */
export const STATUS_LOOKS: Record<JobStatus, StatusLook> = {
  queued: { word: "Waiting", Icon: WaitingIcon, color: "text-quiet" },
  processing: { word: "Working", Icon: RunningIcon, color: "text-accent" },
  completed: { word: "Done", Icon: DoneIcon, color: "text-good" },
  failed: { word: "Failed", Icon: FailedIcon, color: "text-bad" },
  cancelled: { word: "Cancelled", Icon: CancelledIcon, color: "text-quiet" },
};
