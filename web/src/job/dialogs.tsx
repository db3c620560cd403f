import { lazy, Suspense, useEffect, useState } from "react";
import { useRoute } from "../router.ts";
import { useValue } from "../ui/value.ts";
import { askedToRemove } from "./removal.ts";

const loadPanel = () => import("./job-panel.tsx");
const loadRemove = () => import("./remove-dialog.tsx");
const JobPanel = lazy(async () => ({ default: (await loadPanel()).JobPanel }));
const RemoveDialog = lazy(async () => ({ default: (await loadRemove()).RemoveDialog }));

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
