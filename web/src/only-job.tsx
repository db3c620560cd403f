import { Suspense } from "react";
import { later } from "./ui/later.ts";

const JobDetails = later(async () => (await import("./job/job-details.tsx")).JobDetails);

/** For someone who came with a link to one job, and may see nothing else. */
export function OnlyJob({ jobId }: { jobId: string }) {
  return (
    <div className="panel p-5 sm:p-6">
      <Suspense>
        <JobDetails jobId={jobId} isGuest />
      </Suspense>
    </div>
  );
}
