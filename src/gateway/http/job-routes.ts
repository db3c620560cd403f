import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyReply } from "fastify";
import Type, { type TSchema } from "typebox";
import { formatCursor } from "../../contract/cursor.ts";
import { JobCounts, JobList, JobParams, ListJobsQuery } from "../../contract/http.ts";
import { Job } from "../../contract/job.ts";
import { JobTokenAnswer, JobTokenRequest } from "../../contract/tokens.ts";
import { JobcastError } from "../../errors.ts";
import type { Jobs, Placed } from "../../jobs/jobs.ts";
import { toWireJob } from "../../jobs/present.ts";
import type { Links } from "../../storage/signed-links.ts";
import type { Tokens } from "../auth/tokens.ts";
import { callerFor, callerOf } from "./authentication.ts";

export interface JobRoutesOptions {
  jobs: Omit<Jobs, "submit">;
  tokens: Pick<Tokens, "signJobToken">;
  links: Pick<Links, "sign">;
}

const DEFAULT_TTL_SECONDS = 3600;
/** Named in `exposedHeaders` too, or pages of other origins would not see it. */
const FEED_CURSOR = "Feed-Cursor";
const tags = ["Jobs"];

export const jobRoutes: FastifyPluginAsyncTypebox<JobRoutesOptions> = async (
  app,
  { jobs, tokens, links: { sign } },
) => {
  app.get("/api/jobs", {
    schema: {
      summary: "List jobs, newest first",
      tags,
      querystring: ListJobsQuery,
      response: { 200: placed(JobList) },
    },
    config: { problems: ["invalid", "forbidden"] },
    handler: async (request, reply) => {
      const page = await jobs.list(request.query, callerOf(request));
      const { items, nextCursor } = page;
      addFeedCursor(reply, page);
      return { items: items.map((job) => toWireJob(job, sign)), nextCursor };
    },
  });

  app.get("/api/jobs/counts", {
    schema: {
      summary: "Count jobs by type and status",
      tags,
      response: { 200: placed(JobCounts) },
    },
    handler: async (request, reply) => {
      const counted = await jobs.counts(callerOf(request));
      addFeedCursor(reply, counted);
      return counted.counts;
    },
  });

  app.get("/api/jobs/:jobId", {
    schema: { summary: "Read a job", tags, params: JobParams, response: { 200: placed(Job) } },
    config: { access: "job-token", problems: ["not_found"] },
    handler: async (request, reply) => {
      const { jobId } = request.params;
      const found = await jobs.find(jobId, callerFor(request, jobId));
      if (found === undefined) throw noSuchJob();
      addFeedCursor(reply, found);
      return toWireJob(found.job, sign);
    },
  });

  app.post("/api/jobs/:jobId/cancel", {
    schema: {
      summary: "Cancel a job",
      description: "200 when it is cancelled, 202 while its worker stops",
      tags,
      params: JobParams,
      response: { 200: Job, 202: Job },
    },
    config: { problems: ["not_found", "job_finished"] },
    handler: async (request, reply) => {
      const { job, isDone } = await jobs.cancel(request.params.jobId, callerOf(request));
      reply.code(isDone ? 200 : 202);
      return toWireJob(job, sign);
    },
  });

  app.post("/api/jobs/:jobId/retry", {
    schema: {
      summary: "Run a failed or cancelled job again",
      tags,
      params: JobParams,
      response: { 200: Job },
    },
    config: { problems: ["not_found", "job_not_failed"] },
    handler: async (request) => {
      return toWireJob(await jobs.retry(request.params.jobId, callerOf(request)), sign);
    },
  });

  app.delete("/api/jobs/:jobId", {
    schema: {
      summary: "Delete a finished job and its files",
      tags,
      params: JobParams,
      response: { 204: { description: "It is gone" } },
    },
    config: { problems: ["not_found", "conflict"] },
    handler: async (request, reply) => {
      await jobs.remove(request.params.jobId, callerOf(request));
      return reply.code(204).send();
    },
  });

  app.post("/api/jobs/:jobId/token", {
    schema: {
      summary: "Make a token that may read this job and nothing else",
      tags,
      params: JobParams,
      body: Type.Union([JobTokenRequest, Type.Null()]),
      response: { 200: JobTokenAnswer },
    },
    config: { problems: ["invalid", "not_found"] },
    handler: async (request) => {
      const caller = callerOf(request);
      const { jobId } = request.params;
      if ((await jobs.find(jobId, caller)) === undefined) throw noSuchJob();
      const ttlSeconds = request.body?.ttl ?? DEFAULT_TTL_SECONDS;
      return tokens.signJobToken({ jobId, userId: caller.userId, ttlSeconds });
    },
  });
};

/** The schema of an answer that may carry the header that `addFeedCursor` adds. */
const placed = <Answer extends TSchema>(schema: Answer) => ({
  headers: {
    [FEED_CURSOR]: Type.String({
      description:
        "A place in the feed `user:<owner>` that the answer is not older than: who follows the feed from there on misses nothing. Left out where there is none to name",
    }),
  },
  content: { "application/json": { schema } },
});

function addFeedCursor(reply: FastifyReply, { feedCursor }: Placed): void {
  if (feedCursor !== undefined) reply.header(FEED_CURSOR, formatCursor(feedCursor));
}

const noSuchJob = (): JobcastError => new JobcastError("not_found", "No such job");
