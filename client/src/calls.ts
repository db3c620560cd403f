import type { Answer } from "./answer.ts";
import type { Http } from "./http.ts";
import type { JobStore } from "./jobs.ts";
import type { Job, JobRequest } from "./types.ts";

export interface SubmitOptions {
  /** Makes calls with one key one job. Left out, a submit has a key of its own, so that it can be repeated when an answer was lost. */
  key?: string;
  signal?: AbortSignal;
}

/** Of `list`: one page of the history, the newest first. */
export interface ListOptions {
  /** Comma list, as `type`. */
  status?: string;
  type?: string;
  limit?: number;
  /** `nextCursor` of the page before. */
  cursor?: string;
  signal?: AbortSignal;
}

export interface JobPage {
  items: Job[];
  /** `null` on the last page. */
  nextCursor: string | null;
}

/** What can be asked of the gateway. Each answer is put into the store as well. */
export interface Calls {
  submit(request: JobRequest, options?: SubmitOptions): Promise<Answer<Job>>;
  cancel(jobId: string): Promise<Answer<Job>>;
  retry(jobId: string): Promise<Answer<Job>>;
  /** Of a finished job, with its files. */
  remove(jobId: string): Promise<Answer<undefined>>;
  load(jobId: string): Promise<Answer<Job>>;
  list(options?: ListOptions): Promise<Answer<JobPage>>;
}

export function createCalls(http: Http, jobs: Pick<JobStore, "take" | "drop">): Calls {
  async function taken(asking: Promise<Answer<Job>>): Promise<Answer<Job>> {
    const answer = await asking;
    if (answer.ok) jobs.take([answer.value], "answer");
    return answer;
  }

  return {
    submit: (request, { key = crypto.randomUUID(), signal } = {}) =>
      taken(
        http.json<Job>("/api/jobs", {
          method: "POST",
          body: request,
          headers: { "idempotency-key": key },
          isRepeatable: true,
          signal,
        }),
      ),
    cancel: (jobId) =>
      taken(http.json<Job>(`${pathOf(jobId)}/cancel`, { method: "POST", isRepeatable: true })),
    retry: (jobId) => taken(http.json<Job>(`${pathOf(jobId)}/retry`, { method: "POST" })),
    async remove(jobId) {
      const answer = await http.json<undefined>(pathOf(jobId), { method: "DELETE" });
      if (answer.ok || answer.error.status === 404) jobs.drop(jobId);
      return answer;
    },
    async load(jobId) {
      const answer = await taken(http.json<Job>(pathOf(jobId)));
      if (!answer.ok && answer.error.status === 404) jobs.drop(jobId);
      return answer;
    },
    async list({ signal, ...filter } = {}) {
      const asked = Object.entries(filter).map(([name, value]) => [name, `${value}`]);
      const query = new URLSearchParams(asked);
      const answer = await http.json<JobPage>(`/api/jobs?${query}`, { signal });
      if (answer.ok) jobs.take(answer.value.items, "answer");
      return answer;
    },
  };
}

const pathOf = (jobId: string): string => `/api/jobs/${encodeURIComponent(jobId)}`;
