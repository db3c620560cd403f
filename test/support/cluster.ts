import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClusterNode, createClusterNode } from "./cluster-node.ts";
import { freePort } from "./free-port.ts";
import { type GatewayPorts, startLoadBalancer } from "./load-balancer.ts";

export interface ClusterOptions {
  redisUrl: string;
  postgresUrl: string;
  prefix: string;
  /** Names of the processes and the roles of each, such as `{ "gateway-1": ["gateway"] }`. */
  nodes: Record<string, string[]>;
  /** For every process, over the defaults. */
  env?: Record<string, string>;
}

/** Processes of Jobcast that share one Redis, one Postgres and one folder of files, behind a load balancer. */
export interface Cluster {
  /** Of the load balancer. */
  url: string;
  /** HS256 key of the tokens that every process takes. */
  secret: string;
  node(name: string): ClusterNode;
  /** Of one gateway, past the load balancer. */
  urlOf(name: string): string;
  /** Where a process of any role serves `/readyz` and `/metrics`. */
  opsUrlOf(name: string): string;
  /** The name by which a process goes in Redis and in `ready`, until it is started again. */
  idOf(name: string): Promise<string>;
  signal(name: string, signal: NodeJS.Signals): void;
  /** Starts a process that has ended, or is about to, on the same ports. */
  restart(name: string): Promise<void>;
  /** What each process printed last. */
  logs(): Record<string, string>;
  /** Has the load balancer read its configuration anew. */
  reloadBalancer(): void;
  close(): Promise<void>;
}

const LOG_CHARACTERS = 20_000;
const SECRET = "a-secret-for-the-tests-of-the-cluster-alone";

/** Resolves when every process is ready; then the load balancer knows those that are gateways. */
export async function startCluster({
  redisUrl,
  postgresUrl,
  prefix,
  nodes,
  env,
}: ClusterOptions): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), "jobcast-cluster-"));
  const shared = {
    PATH: process.env["PATH"] ?? "",
    REDIS_URL: redisUrl,
    DATABASE_URL: postgresUrl,
    REDIS_PREFIX: prefix,
    STORAGE_URL: `file:${join(folder, "files")}`,
    DATA_DIR: folder,
    JWT_SECRET: SECRET,
    TRUST_PROXY: "127.0.0.1",
    DRAIN_SECONDS: "5",
    LOG_LEVEL: "warn",
    ...env,
  };
  const gateways = new Map<string, GatewayPorts>();
  const processes = new Map<string, ClusterNode>();
  const opsPorts = new Map<string, number>();
  for (const [name, roles] of Object.entries(nodes)) {
    const [port, opsPort] = [await freePort(), await freePort()];
    opsPorts.set(name, opsPort);
    if (roles.includes("gateway")) gateways.set(name, { port, opsPort });
    processes.set(
      name,
      createClusterNode({
        roles,
        opsPort,
        env: { ...shared, PORT: `${port}`, OPS_PORT: `${opsPort}` },
      }),
    );
  }
  const balancer = await startLoadBalancer([...gateways.values()]);
  const close = async () => {
    await Promise.all([...processes.values()].map((process) => process.stop()));
    await balancer.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const node = (name: string) => processes.get(name) ?? raise(`No process ${name}`);
  const opsUrlOf = (name: string) =>
    `http://127.0.0.1:${opsPorts.get(name) ?? raise(`No process ${name}`)}`;

  try {
    await Promise.all([...processes.values()].map((process) => process.start()));
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    url: balancer.url,
    secret: SECRET,
    node,
    urlOf: (name) => `http://127.0.0.1:${gateways.get(name)?.port ?? raise(`No gateway ${name}`)}`,
    opsUrlOf,
    async idOf(name) {
      const metrics = await fetch(`${opsUrlOf(name)}/metrics`).then((answer) => answer.text());
      return /\bnode="([^"]+)"/.exec(metrics)?.[1] ?? raise(`${name} does not name itself`);
    },
    signal: (name, signal) => node(name).signal(signal),
    restart: (name) => node(name).start(),
    logs: () =>
      Object.fromEntries(
        Array.from(processes, ([name, one]) => [name, one.output().slice(-LOG_CHARACTERS)]),
      ),
    reloadBalancer: balancer.reload,
    close,
  };
}

function raise(message: string): never {
  throw new Error(message);
}
