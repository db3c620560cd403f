import swagger from "@fastify/swagger";
import type { FastifyInstance, FastifySchema, RouteOptions } from "fastify";
import Type, { type TSchema } from "typebox";
import { ERROR_CODES, type ErrorCode } from "../../contract/errors.ts";
import { Problem } from "../../contract/http.ts";
import type { Catalog } from "../../jobs/catalog.ts";
import type { Access } from "./authentication.ts";
import { Components } from "./openapi-components.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What a route can answer beside what every route can; documents it, and does nothing else. */
    problems?: readonly ErrorCode[];
  }
}

export interface OpenapiOptions {
  publicUrl: string | undefined;
  catalog: Catalog;
}

const PROBLEMS_OF_ACCESS: Record<Access, readonly ErrorCode[]> = {
  user: ["unauthorized", "token_expired", "forbidden", "rate_limited"],
  "job-token": ["unauthorized", "token_expired", "forbidden", "rate_limited"],
  events: ["unauthorized", "token_expired", "forbidden", "rate_limited"],
  optional: ["unauthorized", "token_expired", "rate_limited"],
  open: [],
};

/** `/openapi.json`, generated from the schemas that the routes are checked with. Register before the routes. */
export async function addOpenapi(
  app: FastifyInstance,
  { publicUrl, catalog }: OpenapiOptions,
): Promise<void> {
  const components = new Components();
  components.add(...optionsOf(catalog));
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Jobcast", version: "1", description: "Slow jobs, and live news of them" },
      ...(publicUrl === undefined ? {} : { servers: [{ url: publicUrl }] }),
      components: {
        securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      },
    },
    transform: ({ schema, url, route }) => ({
      schema: components.extract(document(schema ?? {}, route)),
      url,
    }),
    transformObject: (result) =>
      "openapiObject" in result ? components.addTo(result.openapiObject) : result.swaggerObject,
  });
  app.get("/openapi.json", {
    schema: {
      summary: "This document",
      tags: ["Reference"],
      response: { 200: Type.Any({ description: "OpenAPI 3.1" }) },
    },
    config: { access: "open" },
    handler: async () => app.swagger(),
  });
}

/** The options of each type of job are named there, since `JobRequest` alone says nothing about them. */
const optionsOf = (catalog: Catalog): TSchema[] =>
  Array.from(catalog.values(), ({ type, options }) => ({
    $id: `${type[0]?.toUpperCase()}${type.slice(1)}Options`,
    ...options,
  }));

function document(schema: FastifySchema, { config }: RouteOptions): FastifySchema {
  const { access = "user", problems = [] } = config ?? {};
  const codes = new Set<ErrorCode>([...PROBLEMS_OF_ACCESS[access], ...problems, "internal"]);
  const security = {
    user: [{ bearer: [] }],
    "job-token": [{ bearer: [] }],
    events: [{ bearer: [] }],
    optional: [{}, { bearer: [] }],
    open: [],
  };
  return {
    ...schema,
    security: security[access],
    response: { ...toResponses(codes), ...toRecord(schema.response) },
  };
}

function toResponses(codes: Iterable<ErrorCode>): Record<string, unknown> {
  const byStatus = Map.groupBy(codes, (code) => ERROR_CODES[code].status);
  return Object.fromEntries(
    Array.from(byStatus, ([status, those]) => [
      status,
      {
        description: those.map((code) => `\`${code}\``).join(", "),
        content: { "application/problem+json": { schema: Problem } },
      },
    ]),
  );
}

const toRecord = (value: unknown): object =>
  typeof value === "object" && value !== null ? value : {};
