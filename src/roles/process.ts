import type { Config } from "../config.ts";
import type { Readiness } from "../contract/http.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Catalog } from "../jobs/catalog.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import { readReadiness } from "../metrics/readiness.ts";
import { openResources, type Resources, type Role } from "./resources.ts";

/** Takes jobs from the queues; what `workers/` provides. */
export interface Workers {
  /** Takes no more, lets what is in hand finish for `graceMs`, and puts the rest back in line. */
  close(graceMs: number): Promise<void>;
}
export type StartWorkers = (resources: Resources) => Promise<Workers>;

export interface ProcessOptions {
  config: Config;
  roles: ReadonlySet<Role>;
  catalog: Catalog;
  startWorkers: StartWorkers;
  log: Logger;
}

export interface RunningProcess {
  gateway: Gateway | undefined;
  /** Drains, then closes all that was opened, in reverse order. */
  close: () => Promise<void>;
}

/** Starts the roles asked for in one process, and loads no others: a third of a process's memory, and of the time that it takes to start. When one cannot start, nothing is left running. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const stack = new AsyncDisposableStack();
  try {
    return await start(options, stack);
  } catch (thrown) {
    await stack
      .disposeAsync()
      .catch((err: unknown) => options.log.error({ err }, "closing after a failed start"));
    throw thrown;
  }
}

async function start(
  { config, roles, catalog, startWorkers, log }: ProcessOptions,
  stack: AsyncDisposableStack,
): Promise<RunningProcess> {
  const resources = await openResources({ config, roles, catalog, log, stack });
  const { database } = resources;
  let isDraining = false;
  const readiness = (recorderSilentMs?: () => number): Promise<Readiness> =>
    readReadiness({
      isDraining: () => isDraining,
      redis: () => resources.strict.ping(),
      postgres: async () => database?.ping(),
      storage: () => resources.store.probe(),
      recorderSilentMs,
    });

  const keepsHistory = roles.has("recorder") || database?.isShared === false;
  if (keepsHistory) {
    const role = await import("./recorder-role.ts");
    if (roles.has("recorder")) {
      role.startRecorder(resources, stack);
      role.startQueueSweep(resources, stack);
      role.startUploadSweep(resources, stack);
    }
    role.startHistory(resources, stack);
  }
  const workers = roles.has("worker") ? onceClosed(await startWorkers(resources)) : undefined;
  if (workers !== undefined) stack.defer(() => workers.close(0));
  let gateway: Gateway | undefined;
  if (roles.has("gateway") && database !== undefined) {
    const { startGateway } = await import("./gateway-role.ts");
    gateway = await startGateway(
      { ...resources, database },
      { isDraining: () => isDraining, readiness: (feeds) => readiness(feeds.silentMs) },
      stack,
    );
  }

  // Last: whoever sees this port sees a process that is up.
  if (config.OPS_PORT !== undefined) await openOps(resources, readiness, stack);
  return {
    gateway,
    async close() {
      isDraining = true;
      log.info("draining");
      const graceMs = config.DRAIN_SECONDS * 1000;
      try {
        await Promise.all([leave(gateway, config), workers?.close(graceMs)]);
      } finally {
        await stack.disposeAsync();
      }
      log.info("closed");
    },
  };
}

/** Closed with a grace and then with all the rest: without Redis each time would take its full patience. */
function onceClosed(workers: Workers): Workers {
  let closing: Promise<void> | undefined;
  return { close: (graceMs) => (closing ??= workers.close(graceMs)) };
}

/** How long a load balancer may take to see that this node is no longer ready; until then it sends new clients and requests here. */
const NOTICE_MS = 3000;

async function leave(gateway: Gateway | undefined, config: Config): Promise<void> {
  if (gateway === undefined) return;
  const graceMs = config.DRAIN_SECONDS * 1000;
  const noticeMs = config.isProduction ? Math.min(NOTICE_MS, graceMs / 4) : 0;
  await sleep(noticeMs);
  await gateway.drain(graceMs - noticeMs);
}

async function openOps(
  { config, metrics, log }: Resources,
  readiness: () => Promise<Readiness>,
  stack: AsyncDisposableStack,
): Promise<void> {
  const { buildOps } = await import("../gateway/http/build-ops.ts");
  const ops = await buildOps({ readiness, metrics, log });
  stack.defer(() => ops.close());
  await ops.listen({ host: config.HOST, port: config.OPS_PORT ?? 0 });
}
