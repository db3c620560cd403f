import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import Type from "typebox";
import type { ErrorCode } from "../../contract/errors.ts";
import {
  ClaimAnswer,
  Claimed,
  ClaimRequest,
  CompleteReport,
  FailReport,
  HeartbeatRequest,
  ProgressReport,
} from "../../contract/external.ts";
import { JobParams } from "../../contract/http.ts";
import { Job } from "../../contract/job.ts";
import type { ExternalJobs } from "../../jobs/external.ts";
import { toWireJob } from "../../jobs/present.ts";
import type { Links } from "../../storage/signed-links.ts";
import { callerOf } from "./authentication.ts";

export interface ExternalRoutesOptions {
  external: ExternalJobs;
  links: Pick<Links, "sign">;
}

const tags = ["External jobs"];
const params = JobParams;
const problems: ErrorCode[] = ["invalid", "not_found", "conflict", "job_finished", "unavailable"];
const config = { problems: [...problems, "stale_claim" as const] };

/** Jobs of type `external`, for services that work on them. */
export const externalRoutes: FastifyPluginAsyncTypebox<ExternalRoutesOptions> = async (
  app,
  { external, links: { sign } },
) => {
  app.post("/api/jobs/:jobId/claim", {
    schema: {
      summary: "Claim an external job",
      tags,
      params,
      body: Type.Union([ClaimRequest, Type.Null()]),
      response: { 200: ClaimAnswer },
    },
    config: { problems },
    handler: async (request) =>
      external.claim(request.params.jobId, request.body ?? {}, callerOf(request)),
  });

  app.post("/api/jobs/:jobId/heartbeat", {
    schema: {
      summary: "Keep a claim for another lease",
      tags,
      params,
      body: HeartbeatRequest,
      response: { 200: Claimed },
    },
    config,
    handler: async (request) =>
      external.heartbeat(request.params.jobId, request.body, callerOf(request)),
  });

  app.post("/api/jobs/:jobId/progress", {
    schema: {
      summary: "Report how far an external job is",
      description: "Keeps the claim for another lease",
      tags,
      params,
      body: ProgressReport,
      response: { 200: Job },
    },
    config,
    handler: async (request) => {
      const { jobId } = request.params;
      return toWireJob(await external.progress(jobId, request.body, callerOf(request)), sign);
    },
  });

  app.post("/api/jobs/:jobId/complete", {
    schema: {
      summary: "Report the result of an external job",
      tags,
      params,
      body: CompleteReport,
      response: { 200: Job },
    },
    config: { problems: [...config.problems, "too_large"] },
    handler: async (request) => {
      const { jobId } = request.params;
      return toWireJob(await external.complete(jobId, request.body, callerOf(request)), sign);
    },
  });

  app.post("/api/jobs/:jobId/fail", {
    schema: {
      summary: "Report that an external job failed",
      description: "With `retry` it is done again, if an attempt is left",
      tags,
      params,
      body: FailReport,
      response: { 200: Job },
    },
    config,
    handler: async (request) => {
      const { jobId } = request.params;
      return toWireJob(await external.fail(jobId, request.body, callerOf(request)), sign);
    },
  });
};
