import cors from "@fastify/cors";
import type { FastifyInstance } from "fastify";
import { JobcastError } from "../../errors.ts";
import type { IsOriginAllowed } from "../auth/origins.ts";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Pages of other origins get no headers that would let them read an answer, and cannot change anything either. No cookies are used, so
 * none are let through.
 */
export async function addOriginGuard(
  app: FastifyInstance,
  isAllowed: IsOriginAllowed,
): Promise<void> {
  await app.register(cors, {
    delegator: (request, done) =>
      done(null, {
        origin: isAllowed(request.headers.origin, request.host),
        methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        exposedHeaders: [
          "Request-Id",
          "Location",
          "Retry-After",
          "Idempotent-Replayed",
          "Feed-Cursor",
        ],
        maxAge: 600,
        strictPreflight: false,
      }),
  });
  app.addHook("onRequest", async (request) => {
    if (SAFE_METHODS.has(request.method) || isAllowed(request.headers.origin, request.host)) return;
    throw new JobcastError("origin_not_allowed", "This origin may not call the service");
  });
}
