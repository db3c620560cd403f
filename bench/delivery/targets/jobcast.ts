import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../../test/support/free-port.ts";
import { PARTITIONS, PREFIX } from "../lib/installation.ts";
import { GATEWAY_CORE, hasEnded, LOAD_CORE, nodeCommand, type Spawned } from "../lib/processes.ts";
import { SECRET } from "../lib/token.ts";
import type { Target } from "./target.ts";

const READY_TIMEOUT_MS = 60_000;

/** Gateways and a recorder, as they are deployed. */
export const jobcast: Target = {
  name: "jobcast",
  title: "Jobcast",
  dialect: "jobcast",
  source: "jobcast",
  jobs: "jobcast-jobs",
  async start({ processes, nodes, redisUrl, flags, helperFlags, folder, database }) {
    const shared = {
      NODE_ENV: "production",
      REDIS_URL: redisUrl,
      REDIS_PREFIX: PREFIX,
      DATABASE_URL: await database(),
      DATA_DIR: folder,
      STORAGE_URL: `file:${join(folder, "files")}`,
      JWT_SECRET: SECRET,
      TRUST_PROXY: "127.0.0.1",
      FEED_PARTITIONS: `${PARTITIONS}`,
      WS_MAX_CONNECTIONS: "100000",
      DRAIN_SECONDS: "0",
      LOG_LEVEL: "error",
    };
    const start = async (role: string, core: number) => {
      const [port, opsPort] = [await freePort(), await freePort()];
      const command = nodeCommand(
        "../../src/main.ts",
        [role],
        core === GATEWAY_CORE ? flags : helperFlags,
      );
      const env = { ...shared, PORT: `${port}`, OPS_PORT: `${opsPort}` };
      const node = processes.spawn({ command, core, env });
      await untilReady(node, opsPort);
      return { ...node, port };
    };
    // First: it migrates the database, and what beats in the tails must be there.
    const recorder = await start("recorder", LOAD_CORE);
    const gateways = await Promise.all(
      Array.from({ length: nodes }, () => start("gateway", GATEWAY_CORE)),
    );
    return { nodes: gateways, helpers: [recorder] };
  },
};

async function untilReady({ child, output }: Spawned, opsPort: number): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${opsPort}/readyz`).catch(() => undefined);
    if (answer?.ok === true) return;
    if (hasEnded(child) || Date.now() > deadline)
      throw new Error(`Jobcast is not ready:\n${output()}`);
    await delay(50);
  }
}
