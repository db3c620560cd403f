import { catalog } from "../workers/catalog.ts";
import { startWorkers } from "../workers/start-workers.ts";
import { ConfigError, loadConfig } from "./config.ts";
import { createLogger } from "./lib/logger.ts";
import { parseRoles } from "./roles/parse-roles.ts";
import { announce } from "./roles/announce.ts";
import { startProcess } from "./roles/process.ts";

const startedAt = performance.now();
/** A Ctrl-C comes twice at once: from the terminal, and from npm. */
const SAME_SIGNAL_MS = 300;

try {
  const roles = parseRoles(process.argv.slice(2));
  const config = loadConfig();
  const log = createLogger({ level: config.LOG_LEVEL, isPretty: !config.isProduction });
  const running = await startProcess({ config, roles, catalog, startWorkers, log });
  announce(running, { config, roles, log, startedAt });
  stopOnSignals(running.close);
} catch (thrown) {
  process.stderr.write(`${explain(thrown)}\n`);
  process.exit(1);
}

/** The first signal has the process leave in order, the second at once. */
function stopOnSignals(close: () => Promise<void>): void {
  let stoppingSince: number | undefined;
  const stop = () => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    close().then(
      () => process.exit(0),
      (thrown: unknown) => {
        process.stderr.write(`${explain(thrown)}\n`);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

/** For the operator: one sentence where the cause is known, all there is where it is not. */
function explain(thrown: unknown): string {
  if (thrown instanceof ConfigError) return thrown.message;
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
