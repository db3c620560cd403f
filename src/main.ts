import { createCatalog, loadTasks } from "../workers/catalog.ts";
import { toEngines } from "../workers/engines.ts";
import { ConfigError, loadConfig } from "./config.ts";
import { createLogger } from "./lib/logger.ts";
import { parseRoles } from "./roles/parse-roles.ts";
import { announce } from "./roles/announce.ts";
import { type RunningProcess, startProcess, type StartWorkers } from "./roles/process.ts";

const startedAt = performance.now();
/** A Ctrl-C comes twice at once: from the terminal, and from npm. */
const SAME_SIGNAL_MS = 300;

const starting = run();
stopOnSignals(async () => (await starting)?.close());
await starting;

async function run(): Promise<RunningProcess | undefined> {
  try {
    const roles = parseRoles(process.argv.slice(2));
    const config = loadConfig();
    const log = createLogger({ level: config.LOG_LEVEL, isPretty: !config.isProduction });
    const tasks = await loadTasks(config.WORKERS_DIR);
    const catalog = createCatalog(tasks, {
      engines: toEngines(config),
      workerPath: roles.has("worker") ? config.programPath : undefined,
    });
    const startWorkers: StartWorkers = async (resources) => {
      const workers = await import("../workers/start-workers.ts");
      return await workers.startWorkers(resources, tasks);
    };
    const running = await startProcess({ config, roles, catalog, startWorkers, log });
    announce(running, { config, roles, log, startedAt });
    return running;
  } catch (thrown) {
    return fail(thrown);
  }
}

/** The first signal has the process leave in order, also while it starts; the second at once. */
function stopOnSignals(close: () => Promise<void>): void {
  let stoppingSince: number | undefined;
  const stop = () => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    close().then(() => process.exit(0), fail);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

function fail(thrown: unknown): never {
  process.stderr.write(`${explain(thrown)}\n`);
  return process.exit(1);
}

/** For the operator: what we throw ourselves is a sentence with its remedy; a stack is for what nobody thought of. */
function explain(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const isOurs = thrown instanceof ConfigError || Object.getPrototypeOf(thrown) === Error.prototype;
  return isOurs ? thrown.message : (thrown.stack ?? thrown.message);
}
