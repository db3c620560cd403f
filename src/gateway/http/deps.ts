import type { RedisClient } from "../../redis/connect.ts";
import type { Config } from "../../config.ts";
import type { QueueStatus, Readiness, RealtimeStats } from "../../contract/http.ts";
import type { Batches } from "../../jobs/batches.ts";
import type { Catalog } from "../../jobs/catalog.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import type { Uploads } from "../../jobs/uploads/uploads.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Keys } from "../../redis/keys.ts";
import type { Links } from "../../storage/signed-links.ts";
import type { Store } from "../../storage/store.ts";
import type { Events } from "./event-routes.ts";

export type HttpConfig = Pick<
  Config,
  | "CORS_ORIGINS"
  | "DEV_ROUTES"
  | "HOST"
  | "JWT_AUDIENCE"
  | "JWT_ISSUER"
  | "METRICS_TOKEN"
  | "OPS_PORT"
  | "PUBLIC_URL"
  | "TRUST_PROXY"
  | "UPLOAD_MAX_BYTES"
  | "isProduction"
>;

export interface HttpDeps {
  config: HttpConfig;
  secrets: { jwtKeys: Buffer[]; signingKey: Buffer };
  jobs: Jobs;
  uploads: Uploads;
  /** How busy the queues are; at most a second old. */
  queueStatus(): Promise<QueueStatus>;
  batches: Batches;
  store: Store;
  links: Links;
  catalog: Catalog;
  /** For rate limits. A strict connection with a short timeout: a call waits for it no longer than that. */
  redis: RedisClient;
  keys: Pick<Keys, "limits">;
  log: Logger;
  isDraining(): boolean;
  readiness(): Promise<Readiness>;
  events: Events;
  /** With all its fields; those for administrators are left out for others. */
  stats(): RealtimeStats;
  metrics: { contentType: string; text(): Promise<string> };
  /** Where the built page is, if it is. */
  webFolder: string;
}
