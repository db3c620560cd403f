import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import Type from "typebox";
import { Readiness } from "../../contract/http.ts";
import { JobcastError } from "../../errors.ts";
import { bearerOf } from "../auth/caller.ts";
import type { Tokens } from "../auth/tokens.ts";
import type { HttpDeps } from "./deps.ts";

export interface OpsRoutesOptions extends Pick<HttpDeps, "readiness" | "metrics"> {
  /** Who may read `/metrics`; everyone when it is left out. */
  guard?: { tokens: Pick<Tokens, "verifyToken">; metricsToken: string | undefined } | undefined;
}

const tags = ["Operations"];

/** What an orchestrator and a monitoring system ask of every role. */
export const opsRoutes: FastifyPluginAsyncTypebox<OpsRoutesOptions> = async (
  app,
  { readiness, metrics, guard },
) => {
  app.get("/healthz", {
    schema: {
      summary: "Whether the process is alive",
      tags,
      response: { 200: Type.Object({ ok: Type.Literal(true) }) },
    },
    config: { access: "open" },
    logLevel: "warn",
    handler: async () => ({ ok: true as const }),
  });

  app.get("/readyz", {
    schema: {
      summary: "Whether it should get traffic",
      description: "Redis and draining decide; 503 has the same body",
      tags,
      response: { 200: Readiness, 503: Readiness },
    },
    config: { access: "open" },
    logLevel: "warn",
    handler: async (_request, reply) => {
      const answer = await readiness();
      return reply.code(answer.ready ? 200 : 503).send(answer);
    },
  });

  app.get("/metrics", {
    schema: {
      summary: "Metrics as Prometheus text",
      description: "In production for `admin`, or with METRICS_TOKEN as bearer token",
      tags,
      response: {
        200: { description: "Metrics", content: { "text/plain": { schema: Type.String() } } },
      },
    },
    config: { access: "open", problems: guard === undefined ? [] : ["unauthorized", "forbidden"] },
    logLevel: "warn",
    handler: async (request, reply) => {
      await requireReader(bearerOf(request.headers.authorization));
      return reply.type(metrics.contentType).send(await metrics.text());
    },
  });

  async function requireReader(token: string | undefined): Promise<void> {
    if (guard === undefined) return;
    if (token === undefined) throw new JobcastError("unauthorized", "A bearer token is required");
    if (guard.metricsToken !== undefined && isSame(token, guard.metricsToken)) return;
    const { isAdmin, onlyJob } = await guard.tokens.verifyToken(token);
    if (!isAdmin || onlyJob !== undefined)
      throw new JobcastError("forbidden", "Only an administrator may read metrics");
  }
};

/** Takes as long for every wrong token. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
