export { JobcastProvider, type JobcastProviderProps, useJobcast } from "./provider.tsx";
export {
  useConnection,
  useJob,
  type UseJob,
  type UseJobOptions,
  useJobs,
  type UseJobsOptions,
  useQueueStatus,
} from "./jobs.ts";
export { useSubmit, type UseSubmit, useUpload, type UseUpload } from "./work.ts";
