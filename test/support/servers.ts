import type { TestProject } from "vitest/node";
import { startPostgresServer } from "./postgres-server.ts";
import { startRedisServer } from "./redis-server.ts";

declare module "vitest" {
  interface ProvidedContext {
    redisUrl: string;
    postgresUrl: string;
  }
}

/** One Redis and one PostgreSQL for all files of a project; without them the run fails. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = await Promise.all([startRedisServer(), startPostgresServer()]);
  const [redis, postgres] = servers;
  project.provide("redisUrl", redis.url);
  project.provide("postgresUrl", postgres.url);
  return async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
}
