import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClientApi } from "../client/main.ts";
import type { PublisherApi, SourceName } from "../publisher/main.ts";
import type { Running, Target } from "../targets/target.ts";
import type { Databases } from "./databases.ts";
import { cpuMs, LOAD_CORE, nodeCommand, type Processes, type Spawned } from "./processes.ts";
import { startRedis } from "./redis.ts";
import { type Remote, remoteOf } from "./remote.ts";

export interface ArenaOptions {
  target: Target;
  /** Of Node, for the nodes of the target. */
  flags: string[];
  /** The same for what works beside them. */
  helperFlags: string[];
  nodes: number;
  source: SourceName;
  processes: Processes;
  databases: Databases;
}

/** CPU that each part has used so far, in ms. */
export interface Cpu {
  nodes: number;
  helpers: number;
  redis: number;
  publisher: number;
  clients: number;
}

/** A target with a Redis of its own, the clients' process and the publisher's. */
export interface Arena extends Running {
  target: Target;
  redisUrl: string;
  ports: number[];
  clients: Remote<ClientApi>;
  publisher: Remote<PublisherApi>;
  cpu(): Cpu;
  close(): Promise<void>;
}

export async function openArena(options: ArenaOptions): Promise<Arena> {
  const { target, flags, processes, databases } = options;
  const stack = new AsyncDisposableStack();
  const own = (spawned: Spawned): Spawned => {
    stack.defer(() => spawned.stop());
    return spawned;
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), "jobcast-bench-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const redis = await startRedis(processes);
    own(redis);
    const running = await target.start({
      processes,
      nodes: options.nodes,
      redisUrl: redis.url,
      flags,
      helperFlags: options.helperFlags,
      folder,
      database: databases.create,
    });
    // In order where a profile is to be written.
    const signal = flags.some((flag) => flag.startsWith("--cpu-prof")) ? "SIGTERM" : "SIGKILL";
    for (const node of running.nodes) stack.defer(() => node.stop(signal));
    for (const helper of running.helpers) stack.defer(() => helper.stop(signal));
    const client = own(start(processes, "client/main.ts"));
    const publisher = own(start(processes, "publisher/main.ts"));
    const publisherApi = remoteOf<PublisherApi>(publisher.child, "The publisher");
    const ports = running.nodes.map((node) => node.port);
    await publisherApi.open({ source: options.source, redisUrl: redis.url, ports });
    const sum = (many: Spawned[]) => many.reduce((total, { pid }) => total + alive(pid), 0);
    return {
      ...running,
      target,
      redisUrl: redis.url,
      ports,
      clients: remoteOf<ClientApi>(client.child, "The clients' process"),
      publisher: publisherApi,
      cpu: () => ({
        nodes: sum(running.nodes),
        helpers: sum(running.helpers),
        redis: alive(redis.pid),
        publisher: alive(publisher.pid),
        clients: alive(client.pid),
      }),
      close: () => stack.disposeAsync(),
    };
  } catch (thrown) {
    await stack.disposeAsync();
    throw thrown;
  }
}

const start = (processes: Processes, file: string): Spawned =>
  processes.spawn({ command: nodeCommand(file), core: LOAD_CORE });

/** A node that was killed on purpose uses no more. */
function alive(pid: number): number {
  try {
    return cpuMs(pid);
  } catch {
    return 0;
  }
}
