import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "../../support/free-port.ts";
import { type ServerProcess, startServer } from "../../support/server-process.ts";

export const PRIMARY_NAME = "jobcast";
const QUORUM = 2;

export interface Sentinels extends ServerProcess {
  /** `host:port` of each. */
  addresses: string[];
  /** The port of whom they agree to be the primary. */
  primaryPort(): Promise<number>;
  /** Asks them to choose another, as an operator does; false when there is nobody fit to be chosen. */
  failOver(): Promise<boolean>;
}

/** Three sentinels that watch the Redis at a port and whoever follows it. */
export async function startSentinels(primaryPort: number): Promise<Sentinels> {
  const folder = await mkdtemp(join(tmpdir(), "jobcast-sentinels-"));
  const started = await Promise.all(
    [1, 2, 3].map((number) => startOne(join(folder, `${number}.conf`), primaryPort)),
  );
  const links = started.map(({ port }) => new Redis({ port, host: "127.0.0.1" }));
  // They end before the links do.
  for (const link of links) link.on("error", () => undefined);
  return {
    addresses: started.map(({ port }) => `127.0.0.1:${port}`),
    async primaryPort() {
      const ports = await Promise.all(links.map(askPrimary));
      const agreed = ports.find((port) => ports.filter((one) => one === port).length >= QUORUM);
      return agreed ?? primaryPort;
    },
    async failOver() {
      const answer = links[0]?.call("SENTINEL", "FAILOVER", PRIMARY_NAME);
      return await Promise.resolve(answer).then(
        () => true,
        () => false,
      );
    },
    async stop() {
      for (const link of links) link.disconnect();
      await Promise.all(started.map(({ server }) => server.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startOne(path: string, primaryPort: number) {
  const port = await freePort();
  // A file of its own, which it writes what it learns into.
  await writeFile(path, toConfig(port, primaryPort));
  const server = await startServer({
    command: ["redis-server", path, "--sentinel"],
    signal: "SIGTERM",
    isUp: () => answers(port),
  });
  return { port, server };
}

/** One who is gone for 5 s is given up: longer than a restart takes on a machine that is busy. */
const toConfig = (port: number, primaryPort: number): string => `
port ${port}
bind 127.0.0.1
sentinel monitor ${PRIMARY_NAME} 127.0.0.1 ${primaryPort} ${QUORUM}
sentinel down-after-milliseconds ${PRIMARY_NAME} 5000
sentinel failover-timeout ${PRIMARY_NAME} 5000
sentinel auth-user ${PRIMARY_NAME} sentinel
sentinel auth-pass ${PRIMARY_NAME} sentinel
`;

async function askPrimary(link: Redis): Promise<number> {
  const answer = await link.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", PRIMARY_NAME);
  return Array.isArray(answer) ? Number(answer[1]) : 0;
}

async function answers(port: number): Promise<boolean> {
  const link = new Redis({ port, host: "127.0.0.1", lazyConnect: true, retryStrategy: null });
  link.on("error", () => undefined);
  try {
    await link.connect();
    return (await link.ping()) === "PONG";
  } catch {
    return false;
  } finally {
    link.disconnect();
  }
}
