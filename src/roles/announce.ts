import type { Config } from "../config.ts";
import type { Logger } from "../lib/logger.ts";
import type { RunningProcess } from "./process.ts";
import type { Role } from "./resources.ts";

export interface AnnounceOptions {
  config: Config;
  roles: ReadonlySet<Role>;
  log: Logger;
  /** `performance.now()` of the start. */
  startedAt: number;
}

/** Says that the process is up; in development also what to do next. */
export function announce(
  { gateway }: RunningProcess,
  { config, roles, log, startedAt }: AnnounceOptions,
): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  log.info({ roles: [...roles], address: gateway?.address }, `ready after ${seconds} s`);
  if (gateway === undefined || config.isProduction) return;
  const token = gateway.app.tokens.signDevToken({ sub: "demo", ttl: 86_400 });
  process.stdout.write(`
  Open ${gateway.address} in a browser: choose a user, drop a file, watch it.

  The API is described on ${gateway.address}/docs. A token for the user "demo", good for a day, and an upload with it:

    export TOKEN=${token}

    curl -H "Authorization: Bearer $TOKEN" -F type=image -F file=@photo.jpg ${gateway.address}/api/jobs

`);
}
