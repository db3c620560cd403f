import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { BulkAnswer, BulkRequest } from "../../contract/admin.ts";
import type { ErrorCode } from "../../contract/errors.ts";
import type { BulkJobs } from "../../jobs/bulk.ts";
import { callerOf } from "./authentication.ts";

export interface AdminRoutesOptions {
  bulk: BulkJobs;
}

const tags = ["Operations"];
const problems: ErrorCode[] = ["invalid", "unavailable"];
const response = { 200: BulkAnswer };

/** What administrators do to the jobs of everyone. */
export const adminRoutes: FastifyPluginAsyncTypebox<AdminRoutesOptions> = async (app, { bulk }) => {
  app.post("/api/admin/jobs/retry", {
    schema: {
      summary: "Run failed or cancelled jobs again",
      description: "For administrators",
      tags,
      body: BulkRequest,
      response,
    },
    config: { problems },
    handler: async (request) => bulk.retryMany(request.body, callerOf(request)),
  });

  app.post("/api/admin/jobs/remove", {
    schema: {
      summary: "Delete finished jobs and their files",
      description: "For administrators",
      tags,
      body: BulkRequest,
      response,
    },
    config: { problems },
    handler: async (request) => bulk.removeMany(request.body, callerOf(request)),
  });
};
