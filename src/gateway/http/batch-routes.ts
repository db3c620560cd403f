import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import Type from "typebox";
import {
  Batch,
  BatchList,
  BatchParams,
  BatchRequest,
  ListBatchesQuery,
} from "../../contract/batch.ts";
import { JobcastError } from "../../errors.ts";
import type { Batches } from "../../jobs/batches.ts";
import { callerOf } from "./authentication.ts";
import { hashRequest, idempotencyKeyOf } from "./idempotency.ts";
import type { Limits } from "./limits.ts";

export interface BatchRoutesOptions {
  batches: Batches;
  limits: Pick<Limits, "submit">;
}

const ROUTE = "/api/batches";
const tags = ["Batches"];

export const batchRoutes: FastifyPluginAsyncTypebox<BatchRoutesOptions> = async (
  app,
  { batches, limits },
) => {
  app.post(ROUTE, {
    schema: {
      summary: "Submit jobs together, all or none",
      description: "What is wrong is named by its place: `/jobs/17/options/width`",
      tags,
      headers: Type.Object({
        "idempotency-key": Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
      }),
      body: BatchRequest,
      response: { 201: Batch },
    },
    config: {
      problems: [
        "invalid",
        "forbidden",
        "idempotency_mismatch",
        "idempotency_in_progress",
        "too_large",
        "invalid_options",
        "quota_exceeded",
        "unavailable",
      ],
    },
    onRequest: (request) => limits.submit(callerOf(request)),
    handler: async (request, reply) => {
      const key = idempotencyKeyOf(request.headers);
      const { body } = request;
      const bodyHash = hashRequest({ route: `POST ${ROUTE}`, body, fileSha256: undefined });
      const { answer, isReplay } = await batches.submit({
        request: body,
        caller: callerOf(request),
        ...(key === undefined ? {} : { idempotency: { key, bodyHash } }),
      });
      if (isReplay) reply.header("Idempotent-Replayed", "true");
      reply.code(201).header("Location", `${ROUTE}/${encodeURIComponent(answer.batchId)}`);
      return answer;
    },
  });

  app.get(ROUTE, {
    schema: {
      summary: "List own batches, newest first",
      tags,
      querystring: ListBatchesQuery,
      response: { 200: BatchList },
    },
    config: { problems: ["invalid", "unavailable"] },
    handler: (request) => batches.list(request.query, callerOf(request)),
  });

  app.get(`${ROUTE}/:batchId`, {
    schema: { summary: "Read a batch", tags, params: BatchParams, response: { 200: Batch } },
    config: { problems: ["not_found"] },
    handler: async (request) => {
      const batch = await batches.find(request.params.batchId, callerOf(request));
      if (batch === undefined) throw new JobcastError("not_found", "No such batch");
      return batch;
    },
  });

  app.post(`${ROUTE}/:batchId/cancel`, {
    schema: {
      summary: "Cancel all jobs of a batch that have not ended",
      description: "200 when all have ended, 202 while workers stop",
      tags,
      params: BatchParams,
      response: { 200: Batch, 202: Batch },
    },
    config: { problems: ["not_found"] },
    handler: async (request, reply) => {
      const { batch, isDone } = await batches.cancel(request.params.batchId, callerOf(request));
      reply.code(isDone ? 200 : 202);
      return batch;
    },
  });
};
