import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { QueueStatus } from "../../contract/http.ts";
import { JobcastError } from "../../errors.ts";
import { isAway } from "../../jobs/patience.ts";
import type { HttpDeps } from "./deps.ts";

export const queueRoutes: FastifyPluginAsyncTypebox<Pick<HttpDeps, "queueStatus">> = async (
  app,
  { queueStatus },
) => {
  app.get("/api/queues/status", {
    schema: {
      summary: "How busy the queues are, over all types",
      tags: ["Jobs"],
      response: { 200: QueueStatus },
    },
    config: { problems: ["unavailable"] },
    async handler() {
      try {
        return await queueStatus();
      } catch (thrown) {
        if (!isAway(thrown)) throw thrown;
        throw new JobcastError("unavailable", "The queues cannot be reached at the moment", {
          cause: thrown,
          retryAfterSeconds: 5,
        });
      }
    },
  });
};
