import { lazy, Suspense } from "react";

const JobDetails = lazy(async () => ({
  default: (await import("./job/job-details.tsx")).JobDetails,
}));

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
