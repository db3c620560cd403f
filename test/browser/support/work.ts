import { expect } from "vitest";
import type { Job } from "../../../src/contract/job.ts";
import { someone, type World } from "./world.ts";

/** Work that a test does by hand, as a service outside would: it ends when the test says so. */
export interface Work {
  jobId: string;
  progress(percent: number, step?: string): Promise<void>;
  complete(result?: object): Promise<void>;
  fail(message: string): Promise<void>;
}

/** Hands in a job of `user` under a name; it waits for whoever calls what is returned. */
export async function handIn(world: World, user: string, name: string): Promise<Work> {
  const asUser = await world.token(user);
  // One each: calls are counted by user.
  const asService = await world.token(`service-${someone()}`, { roles: ["service"] });
  const job: Job = JSON.parse(
    await call(`${world.url}/api/jobs`, asUser, {
      type: "external",
      input: { data: {} },
      metadata: { name },
    }),
  );
  const report = async (what: string, body: object): Promise<void> => {
    await call(`${world.url}/api/jobs/${job.jobId}/${what}`, asService, body);
  };
  return {
    jobId: job.jobId,
    progress: (progress, step) => report("progress", { progress, ...(step && { step }) }),
    complete: (result = {}) => report("complete", { result }),
    fail: (message) => report("fail", { error: { code: "internal", message }, retry: false }),
  };
}

async function call(url: string, token: string, body: object): Promise<string> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  expect(answer.ok, text).toBe(true);
  return text;
}
