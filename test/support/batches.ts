import { expect } from "vitest";
import type { Batch } from "../../src/contract/batch.ts";
import type { Job } from "../../src/contract/job.ts";
import { someone, type TestNode } from "./gateway.ts";
import { test as base } from "./socket-client.ts";

/** A request for a job that does what `data` says. */
export const echo = (data: object = {}, more: object = {}) => ({
  type: "echo",
  input: { data },
  ...more,
});

/** A request for a job that works on what the job before it made. */
export const follow = (more: object = {}) => ({ type: "echo", input: { from: "parent" }, ...more });

export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

interface Problem {
  code: string;
  errors: { path: string; message: string }[];
}

/** The HTTP side of a node, as one user sees it. */
export function createUser(node: TestNode, sub = someone()) {
  async function call<Body>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    const json: Record<string, string> =
      body === undefined ? {} : { "content-type": "application/json" };
    const answer = await fetch(`${node.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${node.token(sub)}`, ...json, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const parsed: Body = JSON.parse(await answer.text());
    return { status: answer.status, headers: answer.headers, body: parsed };
  }

  return {
    sub,
    submit: (body: unknown, headers = {}) => call<Batch>("POST", "/api/batches", body, headers),
    submitJob: (body: unknown, headers = {}) => call<Job>("POST", "/api/jobs", body, headers),
    /** What a refused call is answered. */
    async refused(path: string, body: unknown): Promise<Answer<Problem>> {
      const answer = await call<Problem>("POST", path, body);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      return answer;
    },
    batch: (batchId: string) => call<Batch>("GET", `/api/batches/${batchId}`),
    batches: (query = "") =>
      call<{ items: Batch[]; nextCursor: string | null }>("GET", `/api/batches${query}`),
    cancel: (batchId: string) => call<Batch>("POST", `/api/batches/${batchId}/cancel`),
    job: async (jobId: string) => (await call<Job>("GET", `/api/jobs/${jobId}`)).body,
    cancelJob: (jobId: string) => call<Job>("POST", `/api/jobs/${jobId}/cancel`),
    retry: (jobId: string) => call<Job>("POST", `/api/jobs/${jobId}/retry`),
    /** The jobs of a batch, oldest first. */
    async jobs(batchId: string): Promise<Job[]> {
      const { body } = await call<{ items: Job[] }>(
        "GET",
        `/api/jobs?batchId=${batchId}&limit=200`,
      );
      return body.items.toReversed();
    },
  };
}
export type User = ReturnType<typeof createUser>;

/** Tests of a user of two nodes; the first one works as well. */
export const test = base
  .extend("user", ({ cluster: { a } }) => createUser(a))
  // The user's own, and welcome.
  .extend("client", async ({ cluster: { a }, user, connect }) => {
    const client = connect(a.url, { token: a.token(user.sub) });
    await client.ready();
    return client;
  });
