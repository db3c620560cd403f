import { Suspense, useEffect, useState } from "react";
import { useRoute } from "../router.ts";
import { later } from "../ui/later.ts";
import { useValue } from "../ui/value.ts";
import { askedToRemove } from "./removal.ts";

const JobPanel = later(async () => (await import("./job-panel.tsx")).JobPanel);
const RemoveDialog = later(async () => (await import("./remove-dialog.tsx")).RemoveDialog);

/** What opens over the page. None of it is needed for the first sight, and all of it is there soon after. */
export function Dialogs() {
  const { jobId } = useRoute();
  const asked = useValue(askedToRemove);
  const isReady = useSoon();
  return (
    <Suspense>
      {(isReady || jobId !== undefined) && <JobPanel jobId={jobId} />}
      {(isReady || asked !== undefined) && <RemoveDialog job={asked} openId={jobId} />}
    </Suspense>
  );
}

const SOON_MS = 1500;

/** So that the first click does not wait for a script. */
function useSoon(): boolean {
  const [isReady, setIsReady] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsReady(true), SOON_MS);
    return () => clearTimeout(timer);
  }, []);
  return isReady;
}
