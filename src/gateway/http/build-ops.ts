import Fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import type { Logger } from "../../lib/logger.ts";
import { opsRoutes, type OpsRoutesOptions } from "./ops-routes.ts";

/** `/healthz`, `/readyz` and `/metrics` alone, for the port that only the operators reach. */
export async function buildOps({
  log,
  ...options
}: OpsRoutesOptions & { log: Logger }): Promise<FastifyInstance> {
  const loggerInstance: FastifyBaseLogger = log.child({}, { level: "warn" });
  const app: FastifyInstance = Fastify({ loggerInstance, disableRequestLogging: true });
  await app.register(opsRoutes, options);
  return app;
}
