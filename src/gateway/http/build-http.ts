import Fastify, { type FastifyInstance } from "fastify";
import { createOriginCheck } from "../auth/origins.ts";
import { createTokens, type Tokens } from "../auth/tokens.ts";
import { addAuthentication } from "./authentication.ts";
import { adminRoutes } from "./admin-routes.ts";
import { batchRoutes } from "./batch-routes.ts";
import { addBodyDeadlines } from "./bodies.ts";
import type { HttpDeps } from "./deps.ts";
import { devRoutes, hasDevRoutes } from "./dev-routes.ts";
import { addDocs } from "./docs.ts";
import { eventRoutes } from "./event-routes.ts";
import { externalRoutes } from "./external-routes.ts";
import { fileRoutes } from "./file-routes.ts";
import { addHeaders, addRequestLog } from "./hooks.ts";
import { jobRoutes } from "./job-routes.ts";
import { createLimits, type Limits } from "./limits.ts";
import { addOpenapi } from "./openapi.ts";
import { opsRoutes } from "./ops-routes.ts";
import { addOriginGuard } from "./origin-guard.ts";
import { addProblems } from "./problems.ts";
import { queueRoutes } from "./queue-routes.ts";
import { realtimeRoutes } from "./realtime-routes.ts";
import { createServerOptions } from "./server.ts";
import { submitRoute } from "./submit-route.ts";
import { uploadRoutes } from "./upload-routes.ts";
import { validatorCompiler } from "./validation.ts";
import { addWeb } from "./web-routes.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** The one place that verifies: of HTTP, and of handshakes. */
    tokens: Tokens;
  }
}

/** The HTTP side of a gateway, ready but not listening. Whoever builds it closes it. */
export async function buildHttp(deps: HttpDeps): Promise<FastifyInstance> {
  const { config, secrets, redis, keys } = deps;
  const app: FastifyInstance = Fastify(createServerOptions(deps));
  app.setValidatorCompiler(validatorCompiler);
  // Answers are written by typed code: a compiled serializer would drop, without a word, what its schema forgot.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.removeContentTypeParser("text/plain");

  const tokens = await createTokens(app, {
    ...secrets,
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
  });
  app.decorate("tokens", tokens);
  const limits = createLimits({ redis, keys });

  addProblems(app);
  addHeaders(app, deps);
  addRequestLog(app);
  addBodyDeadlines(app);
  await addOriginGuard(
    app,
    createOriginCheck({ allowed: config.CORS_ORIGINS, publicUrl: config.PUBLIC_URL }),
  );
  addAuthentication(app, { tokens, limits });
  await addOpenapi(app, { publicUrl: config.PUBLIC_URL, catalog: deps.catalog });
  await addRoutes(app, deps, { tokens, limits });
  await app.ready();
  return app;
}

async function addRoutes(
  app: FastifyInstance,
  deps: HttpDeps,
  shared: { tokens: Tokens; limits: Limits },
) {
  const { config, metrics, readiness } = deps;
  const { tokens } = shared;
  const parts = { ...deps, ...shared };
  await app.register(submitRoute, { ...parts, uploadMaxBytes: config.UPLOAD_MAX_BYTES });
  await app.register(jobRoutes, parts);
  await app.register(batchRoutes, parts);
  await app.register(uploadRoutes, {
    uploads: deps.uploads,
    maxBytes: config.UPLOAD_MAX_BYTES,
    publicUrl: config.PUBLIC_URL,
  });
  await app.register(externalRoutes, { external: deps.jobs.external, links: deps.links });
  await app.register(adminRoutes, deps.jobs);
  await app.register(queueRoutes, parts);
  await app.register(fileRoutes, parts);
  await app.register(eventRoutes, parts);
  await app.register(realtimeRoutes, parts);
  if (config.OPS_PORT === undefined) {
    const guard = config.isProduction ? { tokens, metricsToken: config.METRICS_TOKEN } : undefined;
    await app.register(opsRoutes, { readiness, metrics, guard });
  }
  if (hasDevRoutes(config))
    await app.register(devRoutes, { tokens, requiresLocalHost: !config.DEV_ROUTES });
  addDocs(app);
  await addWeb(app, deps);
}
